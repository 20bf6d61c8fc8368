//! A canary in every secret, with every failure: no text shows it.

mod all_operations;
#[cfg(target_os = "linux")]
mod memory;
mod oauth;
mod proxy;

use std::error::Error as StdError;
use std::fmt::{Debug, Display};

use bytes::Bytes;
use convex_mgmt::deployment::data_sync::Document;
use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt::deployment::environment_variables::{EnvironmentPlan, Ownership};
use convex_mgmt::deployment::log_streams::{
    AxiomUpdate, DatadogSiteLocation, DatadogUpdate, LogStreamUpdate, LogTopic, LogTopics, NewAxiom, NewDatadog,
    NewLogStream, NewPostHogErrorTracking, NewPostHogLogs, NewSentry, PostHogErrorTrackingUpdate, PostHogLogsUpdate,
    SentryUpdate,
};
use convex_mgmt::deployment::{
    CreateLogStream, DataSync, GetLogStream, ListAuditLogEvents, ListEnvironmentVariables, ListLogStreams,
    RotateWebhookSecret, UpdateEnvironmentVariables, UpdateLogStream,
};
use convex_mgmt::{
    AccessToken, Client, Credential, DeployKey, DeploymentApi, Endpoint, ManagementApi, Operation, OperationMeta,
    ResponseError, Secret,
};
use convex_mgmt_suite::{Script, Step, refused, reset};
use http::{Response, StatusCode};

/// An admin key's secret is an even number of hex digits.
const CANARY: &str = "01ca7a71";

fn debug_texts(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// All texts of an error and of its sources.
fn error_texts(error: &(impl StdError + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

fn assert_clean(what: &dyn Display, text: &str) {
    assert!(!text.contains(CANARY), "{what}: {text}");
}

fn key() -> DeployKey {
    DeployKey::parse(&format!("happy-animal-123|{CANARY}")).unwrap()
}

fn endpoint() -> Endpoint<DeploymentApi> {
    Endpoint::new("https://happy-animal-123.convex.cloud", &key()).unwrap()
}

fn update() -> UpdateEnvironmentVariables {
    UpdateEnvironmentVariables::new().set("NAME", CANARY)
}

#[test]
fn values_show_no_secret() {
    let variables: EnvironmentVariables = [("NAME", CANARY)].into_iter().collect();
    let other: EnvironmentVariables = [("NAME", "other")].into_iter().collect();
    let plan = EnvironmentPlan::new(&variables, &other, Ownership::All);
    let back = EnvironmentPlan::new(&other, &variables, Ownership::All);
    let token = AccessToken::parse(&format!("team:acme|{CANARY}")).unwrap();
    let management = Endpoint::<ManagementApi>::new("https://api.convex.dev", &token).unwrap();
    let client = Client::new(endpoint()).unwrap();
    let request = ListEnvironmentVariables::new().to_request(&endpoint()).unwrap();
    for text in [
        debug_texts(&Secret::new(CANARY)),
        debug_texts(&key()),
        debug_texts(&token),
        debug_texts(&Credential::parse(CANARY).unwrap()),
        debug_texts(&Credential::from(key())),
        debug_texts(&endpoint()),
        debug_texts(&management),
        debug_texts(&client),
        debug_texts(&Client::builder(endpoint())),
        debug_texts(&variables),
        debug_texts(&plan),
        plan.to_string(),
        debug_texts(&plan.rebase(&reread())),
        debug_texts(&back),
        back.to_string(),
        debug_texts(&update()),
        debug_texts(&request),
        debug_texts(&request.headers()),
        Credential::from(key()).compatibility(UpdateEnvironmentVariables::META).to_string(),
        Credential::from(token).compatibility(UpdateEnvironmentVariables::META).to_string(),
    ] {
        assert_clean(&"a value", &text);
    }
}

fn reread() -> EnvironmentVariables {
    [("NAME", format!("{CANARY}{CANARY}"))].into_iter().collect()
}

/// Log streams to create, with a canary in each secret.
fn streams() -> Vec<NewLogStream> {
    let axiom = NewAxiom::new(CANARY, "dataset").ingest_url("https://axiom.example".into());
    let axiom = axiom.topics(LogTopics::only([LogTopic::Exception]));
    vec![
        NewDatadog::new(DatadogSiteLocation::Eu, CANARY).topics(LogTopics::only([LogTopic::Exception])).into(),
        axiom.into(),
        NewSentry::new(format!("ftp://{CANARY}@sentry.example/1")).tag("$bad", "x").into(),
        NewPostHogLogs::new(CANARY).host("bad").into(),
        NewPostHogErrorTracking::new(CANARY).host("bad").into(),
    ]
}

fn updates() -> Vec<LogStreamUpdate> {
    vec![
        DatadogUpdate::new().dd_api_key(CANARY).topics(LogTopics::only([LogTopic::Exception])).into(),
        AxiomUpdate::new().api_key(CANARY).topics(LogTopics::only([LogTopic::Exception])).into(),
        SentryUpdate::new().dsn(format!("ftp://{CANARY}@sentry.example/1")).into(),
        PostHogLogsUpdate::new().api_key(CANARY).host("bad").into(),
        PostHogErrorTrackingUpdate::new().api_key(CANARY).host("bad").into(),
    ]
}

#[test]
fn log_stream_requests_show_no_secret() {
    let sends = |request: http::Request<Bytes>| {
        assert!(String::from_utf8_lossy(request.body()).contains(CANARY), "the test sends no secret");
        assert_clean(&"a request", &debug_texts(&request.headers()));
    };
    for stream in streams() {
        let create = CreateLogStream::new(stream);
        assert_clean(&"a create", &debug_texts(&create));
        assert_clean(&"a rejected create", &error_texts(&create.to_request(&endpoint()).unwrap_err()));
        sends(create.unchecked().to_request(&endpoint()).unwrap());
    }
    for changes in updates() {
        let update = UpdateLogStream::new("id", changes);
        assert_clean(&"an update", &debug_texts(&update));
        assert_clean(&"a rejected update", &error_texts(&update.to_request(&endpoint()).unwrap_err()));
        sends(update.unchecked().to_request(&endpoint()).unwrap());
    }
    for meta in [<CreateLogStream>::META, UpdateLogStream::META] {
        assert!(meta.secret_request, "{}", meta.id);
    }
}

#[test]
fn log_stream_responses_show_no_secret() {
    let stream = format!(
        r#"{{"logStreamType":"webhook","id":"a","status":{{"type":"active"}},"url":"https://e.example/","format":"json","hmacSecret":"{CANARY}","topics":null}}"#
    );
    let unknown =
        format!(r#"{{"logStreamType":"pigeon","id":"a","status":{{"type":"x","k":"{CANARY}"}},"k":"{CANARY}"}}"#);
    let list = Bytes::from(format!("[{stream},{unknown}]"));
    let listed = ListLogStreams::decode(&list).unwrap();
    assert_eq!(listed.len(), 2);
    assert_clean(&"a list", &debug_texts(&listed));
    let new = Bytes::from(format!(r#"{{"logStreamType":"webhook","id":"a","hmacSecret":"{CANARY}"}}"#));
    let created = <CreateLogStream>::decode(&new).unwrap();
    assert_eq!(created.hmac_secret().map(Secret::expose), Some(CANARY));
    assert_clean(&"a created stream", &debug_texts(&created));
    assert_clean(&"a rotated secret", &debug_texts(&RotateWebhookSecret::decode(&new).unwrap()));
    for broken in [
        stream.replace(&format!(r#""{CANARY}""#), &format!(r#"["{CANARY}"]"#)),
        stream.replace(r#""format":"json""#, &format!(r#""format":{{"{CANARY}":1}}"#)),
        stream.replace(r#""topics":null"#, &format!(r#""topics":"{CANARY}""#)),
        stream.replace("hmacSecret", CANARY),
        stream.replace(r#""id":"a","#, ""),
    ] {
        let error = GetLogStream::decode(&Bytes::from(broken)).unwrap_err();
        assert_clean(&"a broken stream", &error_texts(&error));
    }
    for meta in [<CreateLogStream>::META, GetLogStream::META, ListLogStreams::META, RotateWebhookSecret::META] {
        assert!(meta.secret_response, "{}", meta.id);
    }
}

#[test]
fn debug_hides_documents_and_audit_log_metadata() {
    let page = Bytes::from(format!(
        r#"{{"status":{{"type":"x","k":"{CANARY}"}},"truncates":[],"values":[{{"component":"","table":"t","ts":1,"deleted":false,"value":{{"_id":"x","k":"{CANARY}"}}}}],"syncId":"s","pagination":{{"hasMore":true,"nextCursor":"c"}}}}"#
    ));
    let page = DataSync::decode(&page).unwrap();
    assert!(page.values[0].document.as_str().contains(CANARY));
    assert_clean(&"a page", &debug_texts(&page));
    let bad = format!(r#"{{"_id":"x","f":{{"$bytes":"{CANARY}!"}}}}"#);
    assert_clean(&"a document", &error_texts(&Document::parse(bad).unwrap().fields().unwrap_err()));
    let events = Bytes::from(format!(
        r#"{{"items":[{{"actor":{{"kind":"x","k":"{CANARY}"}},"action":"x","createTime":1,"metadata":{{"k":"{CANARY}"}}}}],"pagination":{{"hasMore":false}}}}"#
    ));
    let events = ListAuditLogEvents::decode(&events).unwrap();
    assert!(events.items[0].metadata.as_str().contains(CANARY));
    assert_clean(&"the audit log", &debug_texts(&events));
}

#[test]
fn errors_do_not_repeat_invalid_input() {
    for text in [format!("{CANARY}\n"), format!("dev:|{CANARY}"), format!("{CANARY}é"), format!("{CANARY}|")] {
        assert_clean(&"a credential", &error_texts(&Credential::parse(&text).unwrap_err()));
    }
    assert_clean(&"another kind", &error_texts(&AccessToken::parse(&format!("prod:n|{CANARY}")).unwrap_err()));
    for around in
        ["\"KEY\"", "Convex KEY", "Authorization: Convex KEY", "X=KEY", "KEY,", "KEY KEY", "KEY\nKEY", "https://KEY"]
    {
        let text = around.replace("KEY", &format!("dev:n|{CANARY}"));
        for error in [Credential::parse(&text).unwrap_err(), DeployKey::parse(&text).unwrap_err()] {
            assert_clean(&"more than a key", &error_texts(&error));
        }
    }
    for prefix in [format!("{CANARY}//"), format!("{CANARY}/%2e"), format!("{CANARY}/api/v1"), format!("?{CANARY}")] {
        let url = format!("https://example.com/{prefix}");
        assert_clean(
            &"a prefix",
            &error_texts(&Endpoint::<DeploymentApi>::with_path_prefix(&url, &key()).unwrap_err()),
        );
    }
    for url in [
        format!("https://user:{CANARY}@example.com"),
        format!("https://example.com/{CANARY}"),
        format!("https://example.com?{CANARY}"),
        CANARY.to_owned(),
        format!("https://{CANARY} .com"),
        format!("http://{CANARY}.com"),
    ] {
        assert_clean(&"a URL", &error_texts(&Endpoint::<DeploymentApi>::new(&url, &key()).unwrap_err()));
    }
    for text in
        [format!("A={CANARY}\n{CANARY}"), format!("A='x\n{CANARY}"), format!("A B={CANARY}"), format!("={CANARY}")]
    {
        assert_clean(&"an .env file", &error_texts(&EnvironmentVariables::from_dotenv(&text).unwrap_err()));
    }
    let text = format!("A=\"{CANARY}\nB={CANARY}#{CANARY}\nC='\\'{CANARY}\nD={CANARY}'\nA:\n{CANARY}");
    let (_, warnings) = EnvironmentVariables::from_dotenv_with_warnings(&text).unwrap();
    assert_eq!(warnings.len(), 6, "{warnings:?}");
    warnings.iter().for_each(|warning| assert_clean(&"a warning", &error_texts(warning)));
    for bad in [
        UpdateEnvironmentVariables::new().set("9", CANARY),
        UpdateEnvironmentVariables::new().set(format!("NAME={CANARY}"), "x"),
        UpdateEnvironmentVariables::new().set("NAME", CANARY.repeat(2000)),
    ] {
        assert_clean(&"a variable", &error_texts(&bad.to_request(&endpoint()).unwrap_err()));
    }
}

#[tokio::test(start_paused = true)]
async fn no_failure_shows_a_secret() {
    let body = |text: &str| Bytes::from(text.replace("CANARY", CANARY));
    let respond = |status: u16, header: (&str, String), text: &str| {
        let mut response = Response::builder().header(header.0, header.1).body(body(text)).unwrap();
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Step::Respond(response)
    };
    let json = || ("content-type", "application/json".to_owned());
    let steps = [
        refused(),
        reset(),
        Step::Hang,
        respond(400, json(), r#"{"code":"BadJsonBody","message":"CANARY"}"#),
        respond(400, json(), r#"{"code":"CANARY CANARY","message":"CANARY"}"#),
        respond(403, json(), r#"{"code":"OperationNotPermitted","message":"CANARY (a:b CANARY)"}"#),
        respond(502, ("content-type", "text/html".to_owned()), "<html>CANARY"),
        respond(500, json(), r#"["CANARY"]"#),
        respond(307, ("location", format!("https://u:{CANARY}@elsewhere.example/{CANARY}?{CANARY}")), "CANARY"),
        respond(200, ("content-type", "text/html".to_owned()), "CANARY"),
        respond(200, json(), r#"{"environmentVariables":{"A":["CANARY"]}}"#),
        respond(200, json(), r#"{"environmentVariables":"CANARY"}"#),
        respond(200, json(), r#"{"environmentVariables":"CANARY, expected CANARY"}"#),
        respond(200, json(), r#"{"CANARY":"#),
        respond(200, json(), "CANARY"),
        respond(200, ("content-type", "application/json; charset=latin1".to_owned()), r#""CANARY""#),
    ];
    for step in steps {
        let what = format!("{step:?}").replace(CANARY, "");
        let builder = Client::builder(endpoint()).retry(convex_mgmt::RetryPolicy::never());
        let client = builder.build_on(Script::new([step])).unwrap();
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert_clean(&what, &error_texts(&error));
        // The caller can still read the body.
        if let Some(ResponseError::Unexpected(_) | ResponseError::Decode(_)) = error.response_error() {
            assert!(error.body().is_some_and(|body| !body.is_empty()), "{what}");
        }
    }
    let client = Client::builder(endpoint()).build_on(Script::new([Step::Status(200, "")])).unwrap();
    let reply = client.send_for_reply(&update()).await.unwrap();
    assert_clean(&"a reply", &debug_texts(&reply));
    let meta: &OperationMeta = UpdateEnvironmentVariables::META;
    assert!(meta.secret_request && !meta.secret_response);
}
