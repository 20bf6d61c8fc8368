//! Tests of requests, responses and checks.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::auth::DeployKey;
use crate::error::BuildError;
use crate::error::ErrorCode;
use crate::error::Violations;
use crate::metadata::DeploymentApi;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::Patch;
use crate::types::Secret;
use bytes::Bytes;

fn endpoint() -> Endpoint<DeploymentApi> {
    Endpoint::new("https://h", &DeployKey::parse("n|01ab").unwrap()).unwrap()
}

fn body(operation: &impl Operation<Api = DeploymentApi>) -> String {
    String::from_utf8(operation.to_request(&endpoint()).unwrap().into_body().into()).unwrap()
}

#[test]
fn sends_the_fields_of_each_kind() {
    for (stream, expected) in [
        (
            NewDatadog::new(DatadogSiteLocation::Us1Fed, "k").into(),
            r#"{"logStreamType":"datadog","siteLocation":"US1_FED","ddApiKey":"k","ddTags":[]}"#,
        ),
        (
            NewDatadog::new(DatadogSiteLocation::Eu, "k").dd_tags(["a:b"]).service("s").into(),
            r#"{"logStreamType":"datadog","siteLocation":"EU","ddApiKey":"k","ddTags":["a:b"],"service":"s"}"#,
        ),
        (
            NewWebhook::new("https://e.example", WebhookFormat::Jsonl)
                .topics(LogTopics::only([LogTopic::Console]))
                .into(),
            r#"{"logStreamType":"webhook","url":"https://e.example","format":"jsonl","topics":["console"]}"#,
        ),
        (
            NewAxiom::new("k", "d").attribute("a", "b").ingest_url(AxiomIngestUrl::EuCentral1).into(),
            r#"{"logStreamType":"axiom","apiKey":"k","datasetName":"d","attributes":[{"key":"a","value":"b"}],"ingestUrl":"https://eu-central-1.aws.edge.axiom.co"}"#,
        ),
        (
            NewSentry::new("https://k@s.example/1").tag("a", "b").into(),
            r#"{"logStreamType":"sentry","dsn":"https://k@s.example/1","tags":{"a":"b"}}"#,
        ),
        (
            NewPostHogLogs::new("k").host("https://p.example").service_name("s").into(),
            r#"{"logStreamType":"postHogLogs","apiKey":"k","host":"https://p.example","serviceName":"s"}"#,
        ),
        (NewPostHogErrorTracking::new("k").into(), r#"{"logStreamType":"postHogErrorTracking","apiKey":"k"}"#),
    ] {
        let stream: NewLogStream = stream;
        assert_eq!(body(&CreateLogStream::new(stream)), expected);
    }
}

#[test]
fn an_update_that_changes_nothing_sends_its_kind_only() {
    for (changes, kind) in [
        (LogStreamUpdate::from(DatadogUpdate::new()), "datadog"),
        (WebhookUpdate::new().into(), "webhook"),
        (AxiomUpdate::new().into(), "axiom"),
        (SentryUpdate::new().into(), "sentry"),
        (PostHogLogsUpdate::new().into(), "postHogLogs"),
        (PostHogErrorTrackingUpdate::new().into(), "postHogErrorTracking"),
    ] {
        assert_eq!(body(&UpdateLogStream::new("x", changes)), format!(r#"{{"logStreamType":"{kind}"}}"#));
    }
}

#[test]
fn an_update_keeps_resets_and_sets_fields() {
    for (changes, expected) in [
        (
            LogStreamUpdate::from(DatadogUpdate::new().service(Patch::Clear).topics(LogTopics::ALL)),
            r#"{"logStreamType":"datadog","service":null,"topics":null}"#,
        ),
        (
            DatadogUpdate::new()
                .site_location(DatadogSiteLocation::Ap1)
                .dd_api_key("k")
                .dd_tags([""; 0])
                .service("s")
                .into(),
            r#"{"logStreamType":"datadog","siteLocation":"AP1","ddApiKey":"k","ddTags":[],"service":"s"}"#,
        ),
        (
            WebhookUpdate::new().url("https://e.example").topics(LogTopics::only([LogTopic::AuditLog])).into(),
            r#"{"logStreamType":"webhook","url":"https://e.example","topics":["audit_log"]}"#,
        ),
        (
            AxiomUpdate::new().attributes([]).ingest_url(Patch::Clear).into(),
            r#"{"logStreamType":"axiom","attributes":[],"ingestUrl":null}"#,
        ),
        (SentryUpdate::new().tags(BTreeMap::new()).into(), r#"{"logStreamType":"sentry","tags":{}}"#),
        (
            SentryUpdate::new().dsn("https://k@s.example/1").tags(Patch::Clear).into(),
            r#"{"logStreamType":"sentry","dsn":"https://k@s.example/1","tags":null}"#,
        ),
        (
            PostHogLogsUpdate::new().host(Patch::Clear).service_name("s").into(),
            r#"{"logStreamType":"postHogLogs","host":null,"serviceName":"s"}"#,
        ),
    ] {
        assert_eq!(body(&UpdateLogStream::new("x", changes)), expected);
    }
}

fn codes(checked: Result<(), Violations>) -> Vec<(String, ErrorCode)> {
    let violations = checked.err().into_iter().flat_map(|violations| violations.iter().cloned().collect::<Vec<_>>());
    violations.filter_map(|violation| Some((violation.field, violation.code?))).collect()
}

#[test]
fn rejects_requests_that_the_server_would_reject_unless_unchecked() {
    let topics = || LogTopics::only([LogTopic::Verification]);
    let many = || vec![AxiomAttribute::new("k", "v"); rules::AXIOM_ATTRIBUTES + 1];
    let axiom = || NewAxiom { attributes: many(), ..NewAxiom::new("k", "d") };
    let new_url = AxiomIngestUrl::from("https://ap-1.aws.edge.axiom.co");
    let topic = ("topics[0]", ErrorCode::InvalidLogTopic);
    let create = |stream: NewLogStream| (codes(stream.check()), body(&CreateLogStream::new(stream).unchecked()));
    let update =
        |change: LogStreamUpdate| (codes(change.check()), body(&UpdateLogStream::new("x", change).unchecked()));
    for ((found, unchecked), expected) in [
        (create(NewDatadog::new(DatadogSiteLocation::Us1, "k").topics(topics()).into()), vec![topic.clone()]),
        (
            create(NewWebhook::new("e.example", WebhookFormat::Json).topics(topics()).into()),
            vec![("url", ErrorCode::InvalidWebhookUrl), topic.clone()],
        ),
        (
            create(axiom().ingest_url(new_url.clone()).topics(topics()).into()),
            vec![("attributes", ErrorCode::InternalServerError), topic.clone()],
        ),
        (
            create(NewSentry::new("k").tag("$a", "b").into()),
            vec![("dsn", ErrorCode::InvalidSentryDsn), ("tags[0]", ErrorCode::BadJsonBody)],
        ),
        (create(NewPostHogLogs::new("k").host("e.example").into()), vec![("host", ErrorCode::InvalidPostHogHost)]),
        (create(NewPostHogErrorTracking::new("k").host("").into()), vec![("host", ErrorCode::InvalidPostHogHost)]),
        (update(DatadogUpdate::new().topics(topics()).into()), vec![topic.clone()]),
        (
            update(WebhookUpdate::new().url("").topics(topics()).into()),
            vec![("url", ErrorCode::InvalidWebhookUrl), topic.clone()],
        ),
        (
            update(AxiomUpdate::new().attributes(many()).ingest_url(new_url).into()),
            vec![("attributes", ErrorCode::InternalServerError)],
        ),
        (
            update(SentryUpdate::new().dsn("").tags(BTreeMap::from([("é".to_owned(), String::new())])).into()),
            vec![("dsn", ErrorCode::InvalidSentryDsn), ("tags[0]", ErrorCode::BadJsonBody)],
        ),
        (
            update(PostHogLogsUpdate::new().host("x").topics(topics()).into()),
            vec![("host", ErrorCode::InvalidPostHogHost), topic],
        ),
        (update(PostHogErrorTrackingUpdate::new().host("x").into()), vec![("host", ErrorCode::InvalidPostHogHost)]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(field, code)| (field.to_owned(), code)).collect();
        assert_eq!(found, expected);
        assert!(unchecked.starts_with('{'));
    }
    let bad = NewWebhook::new("e.example", WebhookFormat::Json);
    assert!(matches!(CreateLogStream::new(bad).to_request(&endpoint()), Err(BuildError::Invalid(_))));
    let bad = WebhookUpdate::new().url("e.example");
    assert!(matches!(UpdateLogStream::new("x", bad).to_request(&endpoint()), Err(BuildError::Invalid(_))));
}

#[test]
fn sends_an_id_as_one_path_segment_and_rejects_ids_that_cannot_be_one() {
    fn check<O: Operation<Api = DeploymentApi>>(name: &str, operation: impl Fn(&str) -> O) {
        let request = operation("a/b%é").to_request(&endpoint()).unwrap();
        assert_eq!(request.uri().path(), format!("/api/v1/{name}/a%2Fb%25%C3%A9"));
        for id in ["", ".", ".."] {
            let error = operation(id).to_request(&endpoint()).unwrap_err();
            assert!(matches!(error, BuildError::PathValue { field: "id", .. }), "{name} {id}");
        }
    }
    check("get_log_stream", |id| GetLogStream::new(id));
    check("delete_log_stream", |id| DeleteLogStream::new(id));
    check("rotate_webhook_secret", |id| RotateWebhookSecret::new(id));
    check("update_log_stream", |id| UpdateLogStream::new(id, WebhookUpdate::new()));
}

#[test]
fn reads_a_list_with_unknown_kinds_and_statuses() {
    let body = Bytes::from(
        r#"[{"logStreamType":"webhook","id":"a","status":{"type":"failed","reason":"r"},"url":"https://e.example/","format":"json","hmacSecret":"canary","topics":null},
            {"id":"b","logStreamType":"datadog","status":{"type":"active"},"siteLocation":"MOON1","ddTags":["t"],"topics":["console","new"]},
            {"ddTags":[1.0],"status":{"type":"asleep","until":1e3},"id":"c","logStreamType":"carrierPigeon"}]"#,
    );
    let list = ListLogStreams::decode(&body).unwrap();
    assert!(!format!("{list:?}").contains("canary"));
    let [webhook, datadog, pigeon] = &list[..] else { panic!("{list:?}") };
    let config = WebhookConfig::new("https://e.example/", WebhookFormat::Json, "canary");
    let failed = LogStreamStatus::Failed(LogStreamFailure::new("r"));
    assert_eq!(*webhook, LogStream::new("a", failed, LogStreamConfig::Webhook(config)));
    assert!(webhook.config.topics().unwrap().is_all());
    let mut config = DatadogConfig::new(DatadogSiteLocation::from("MOON1"));
    config.dd_tags = vec!["t".into()];
    config.topics = LogTopics::only([LogTopic::Console, "new".into()]);
    assert_eq!(*datadog, LogStream::new("b", LogStreamStatus::Active, LogStreamConfig::Datadog(config)));
    assert_eq!(pigeon.config.log_stream_type().as_str(), "carrierPigeon");
    let object = pigeon.config.unknown().unwrap();
    assert_eq!(object.json(), r#"{"logStreamType":"carrierPigeon","ddTags":[1.0]}"#);
    let object = pigeon.status.unknown().unwrap();
    assert_eq!(object.json(), r#"{"type":"asleep","until":1e3}"#);
}

#[test]
fn locates_errors_in_a_list() {
    let good = r#"[{"logStreamType":"webhook","id":"a","status":{"type":"failed","reason":"r"},"url":"u","format":"json","hmacSecret":"s"}]"#;
    assert!(ListLogStreams::decode(&Bytes::from(good)).is_ok());
    for (part, bad, path, expected) in [
        (r#""reason":"r""#, r#""reason":null"#, "[0].status.reason", "a string"),
        (r#""reason":"r""#, r#""why":"r""#, "[0].status", "the field `reason`"),
        (r#""id":"a","#, "", "[0]", "the field `id`"),
        (r#","hmacSecret":"s""#, "", "[0]", "the field `hmacSecret`"),
        (r#""hmacSecret":"s""#, r#""hmacSecret":["canary"]"#, "[0].hmacSecret", "a string"),
        (r#""logStreamType":"webhook","#, "", "[0]", "the field `logStreamType`"),
    ] {
        let error = ListLogStreams::decode(&Bytes::from(good.replace(part, bad))).unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected), "{bad}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    for twice in [r#""id":"a","id":"b""#, r#""id":"a","status":{"type":"active"}"#] {
        assert!(ListLogStreams::decode(&Bytes::from(good.replace(r#""id":"a""#, twice))).is_err(), "{twice}");
    }
    let error = ListLogStreams::decode(&Bytes::from("{}")).unwrap_err();
    assert_eq!(error.kind, crate::DecodeErrorKind::Shape);
}

#[test]
fn names_the_expected_type_even_if_the_tag_comes_last() {
    let body = r#"{"id":"a","url":null,"status":{"type":"active"},"logStreamType":"webhook"}"#;
    let error = GetLogStream::decode(&Bytes::from(body)).unwrap_err();
    assert_eq!(error.expected, "a string");
}

#[test]
fn returns_the_topics_of_kinds_that_have_topics() {
    let config = |fields: &str| {
        let json = format!(r#"{{"id":"a","status":{{"type":"active"}},{fields}}}"#);
        GetLogStream::decode(&Bytes::from(json)).unwrap().config
    };
    for fields in [
        r#""logStreamType":"datadog","siteLocation":"EU","ddTags":[]"#,
        r#""logStreamType":"webhook","url":"https://e.example/","format":"json","hmacSecret":"s""#,
        r#""logStreamType":"axiom","datasetName":"d","attributes":[]"#,
        r#""logStreamType":"postHogLogs""#,
    ] {
        let listed = config(&format!(r#"{fields},"topics":["console"]"#));
        assert_eq!(listed.topics(), Some(&LogTopics::only([LogTopic::Console])), "{fields}");
        assert_eq!(config(fields).topics(), Some(&LogTopics::ALL), "{fields}");
    }
    for kind in ["sentry", "postHogErrorTracking", "carrierPigeon"] {
        assert_eq!(config(&format!(r#""logStreamType":"{kind}","topics":["console"]"#)).topics(), None, "{kind}");
    }
}

#[test]
fn a_kind_is_created_by_the_same_request_as_its_variant() {
    fn check<S: NewStream + Into<NewLogStream>>(new: impl Fn() -> S) {
        assert_eq!(body(&CreateLogStream::new(new())), body(&CreateLogStream::new(new().into())));
    }
    check(|| NewDatadog::new(DatadogSiteLocation::Eu, "k"));
    check(|| NewWebhook::new("https://e.example", WebhookFormat::Json));
    check(|| NewAxiom::new("k", "d"));
    check(|| NewSentry::new("https://k@s.example/1"));
    check(|| NewPostHogLogs::new("k"));
    check(|| NewPostHogErrorTracking::new("k"));
}

#[test]
fn a_created_webhook_has_its_secret_and_other_kinds_have_an_id() {
    type CreateWebhook = CreateLogStream<NewWebhook>;
    let body = Bytes::from(r#"{"logStreamType":"webhook","id":"a","hmacSecret":"canary"}"#);
    let webhook = CreateWebhook::decode(&body).unwrap();
    assert_eq!((&webhook.id, webhook.hmac_secret.expose()), (&"a".into(), "canary"));
    assert!(!format!("{webhook:?}").contains("canary"));
    assert!(CreateWebhook::decode(&Bytes::from(r#"{"logStreamType":"webhook","id":"a"}"#)).is_err());
    let axiom = Bytes::from(r#"{"logStreamType":"axiom","id":"a"}"#);
    assert_eq!(CreateLogStream::<NewAxiom>::decode(&axiom).unwrap(), Created::new("a"));
}

#[test]
fn a_stream_whose_kind_is_chosen_at_run_time_has_the_output_of_its_kind() {
    let created = |body: &'static str| <CreateLogStream>::decode(&Bytes::from(body)).unwrap();
    let webhook = created(r#"{"logStreamType":"webhook","id":"a","hmacSecret":"canary"}"#);
    assert_eq!(webhook, CreatedLogStream::Webhook(CreatedWebhook::new("a", "canary")));
    assert_eq!(webhook.hmac_secret().map(Secret::expose), Some("canary"));
    assert!(!format!("{webhook:?}").contains("canary"));
    let axiom = created(r#"{"logStreamType":"axiom","id":"a"}"#);
    assert_eq!(axiom, CreatedLogStream::Axiom(Created::new("a")));
    assert_eq!((axiom.id(), axiom.hmac_secret()), (Some(&"a".into()), None));
    assert_eq!(created(r#"{"logStreamType":"pigeon"}"#).id(), None);
    assert!(<CreateLogStream>::decode(&Bytes::from(r#"{"logStreamType":"webhook","id":"a"}"#)).is_err());
}

#[test]
fn a_rotated_secret_is_returned_and_a_response_without_one_is_an_error() {
    let rotated = |body: &'static str| RotateWebhookSecret::decode(&Bytes::from(body));
    let secret = rotated(r#"{"logStreamType":"webhook","hmacSecret":"canary"}"#).unwrap();
    assert_eq!(secret, RotatedWebhookSecret::new("canary"));
    assert!(!format!("{secret:?}").contains("canary"));
    assert_eq!(rotated(r#"{"logStreamType":"pigeon"}"#).unwrap_err().expected, "the field `hmacSecret`");
}

#[cfg(feature = "serde-all")]
#[test]
fn serializes_what_it_deserialized() {
    for json in [
        r#"{"id":"a","status":{"type":"active"},"logStreamType":"datadog","siteLocation":"EU","ddTags":[],"topics":null}"#,
        r#"{"id":"c","status":{"type":"asleep","until":1e3},"logStreamType":"carrierPigeon","ddTags":[1.0]}"#,
    ] {
        let stream: LogStream = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_str::<LogStream>(&serde_json::to_string(&stream).unwrap()).unwrap(), stream);
        let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(value(&serde_json::to_string(&stream).unwrap()), value(json));
    }
    for json in [r#"{"logStreamType":"datadog","service":null,"topics":null}"#, r#"{"logStreamType":"datadog"}"#] {
        let update: LogStreamUpdate = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&update).unwrap(), json);
    }
}

proptest! {
    #[test]
    fn reads_fields_in_any_order(
        fields in Just(vec![
            r#""id":"x""#,
            r#""status":{"reason":"r","type":"failed"}"#,
            r#""logStreamType":"webhook""#,
            r#""url":"https://e.example/""#,
            r#""format":"jsonl""#,
            r#""hmacSecret":"s""#,
            r#""topics":["console"]"#,
            r#""new":{"id":1,"status":2}"#,
        ]).prop_shuffle(),
    ) {
        let stream = GetLogStream::decode(&Bytes::from(format!("{{{}}}", fields.join(",")))).unwrap();
        let topics = LogTopics::only([LogTopic::Console]);
        let config = WebhookConfig { topics, ..WebhookConfig::new("https://e.example/", WebhookFormat::Jsonl, "s") };
        let status = LogStreamStatus::Failed(LogStreamFailure::new("r"));
        prop_assert_eq!(stream, LogStream::new("x", status, LogStreamConfig::Webhook(config)));
    }
}

#[test]
fn a_status_is_unsettled_only_while_the_server_tests_or_resumes() {
    for (json, settled) in [
        (r#"{"type":"pending"}"#, false),
        (r#"{"type":"restarting"}"#, false),
        (r#"{"type":"active"}"#, true),
        (r#"{"type":"failed","reason":"x"}"#, true),
        (r#"{"type":"deleting"}"#, true),
        (r#"{"type":"throttled","until":1}"#, true),
    ] {
        assert_eq!(serde_json::from_str::<LogStreamStatus>(json).unwrap().is_settled(), settled, "{json}");
    }
}

#[test]
fn accepts_tags_of_any_string_type_in_creations_and_updates() {
    let new = NewDatadog::new(DatadogSiteLocation::Eu, "k").dd_tags(["a:b"]).dd_tags;
    let owned = DatadogUpdate::new().dd_tags(vec!["a:b".to_owned()]);
    assert_eq!((DatadogUpdate::new().dd_tags(["a:b"]), owned.dd_tags.as_ref()), (owned.clone(), Some(&new)));
    assert_eq!(DatadogUpdate::new().dd_tags([""; 0]).dd_tags, Some(vec![]));
}
