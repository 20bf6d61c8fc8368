//! Bad input of every kind, for every operation: ids, bodies, and answers that are not what they should be.

mod new_values;

use bytes::Bytes;
use convex_mgmt_proto::RequestDestination;
use convex_mgmt_proto::deployment::{
    canonical_urls::*, data_sync::*, environment_variables::*, log_streams::*, usage::*, usage_limits::*, *,
};
use convex_mgmt_proto::{
    BuildError, DecodeError, DecodeErrorKind, DeployKey, DeploymentApi, Endpoint, OPERATIONS, Operation, OperationMeta,
    RequestEncoder, ResponseError,
};
use http::{Request, Response};
use serde_json::{Value, json};

fn endpoint() -> Endpoint<DeploymentApi> {
    Endpoint::new("https://h", &DeployKey::parse("n|01ab").unwrap()).unwrap()
}

/// What is known of an operation's answers, beside its type.
struct Answers {
    meta: &'static OperationMeta,
    read: fn(Response<Bytes>) -> Result<(), ResponseError>,
    /// Whole answers, one for each shape. None for an operation that answers without a body.
    good: Vec<Value>,
    /// The fields that may be missing, by name. They may be `null` too, where they are no others of this name.
    optional: &'static [&'static str],
}

fn answers<O: Operation<Api = DeploymentApi>>(optional: &'static [&'static str], good: Vec<Value>) -> Answers {
    Answers { meta: O::META, read: |response| O::from_response(response).map(drop), good, optional }
}

impl Answers {
    fn decode(&self, body: String) -> Result<(), DecodeError> {
        match (self.read)(Response::new(Bytes::from(body))) {
            Ok(()) => Ok(()),
            Err(ResponseError::Decode(reply)) => Err(reply.error),
            Err(other) => panic!("{}: {other:?}", self.meta.id),
        }
    }
}

fn all() -> Vec<Answers> {
    let status = || json!({"type": "failed", "reason": "r"});
    let limit = || json!({"id": "i", "metric": "functionCalls", "window": "day", "limitType": "disable", "limit": 5, "enabled": true});
    let streams = vec![
        json!({"logStreamType": "datadog", "id": "i", "status": status(), "siteLocation": "EU", "ddTags": ["t"], "service": "s", "topics": ["console"]}),
        json!({"logStreamType": "webhook", "id": "i", "status": status(), "url": "u", "format": "json", "hmacSecret": "s", "topics": null}),
        json!({"logStreamType": "axiom", "id": "i", "status": status(), "datasetName": "d", "attributes": [{"key": "k", "value": "v"}], "ingestUrl": "u", "topics": null}),
        json!({"logStreamType": "sentry", "id": "i", "status": status(), "tags": {"k": "v"}}),
        json!({"logStreamType": "postHogLogs", "id": "i", "status": status(), "host": "h", "serviceName": "s", "topics": null}),
        json!({"logStreamType": "postHogErrorTracking", "id": "i", "status": status(), "host": "h"}),
    ];
    let of_stream = &["service", "topics", "ingestUrl", "tags", "host", "serviceName"];
    let page = |status: Value| {
        json!({"status": status, "truncates": [{"component": "", "table": "t"}], "syncId": "s", "pagination": {"hasMore": true, "nextCursor": "c"},
            "values": [{"component": "", "table": "t", "ts": 5, "deleted": false, "value": {"_id": "x"}}]})
    };
    let sync = |status: Value| json!({"syncs": [{"syncId": "s", "lastUpdated": 5, "status": status}], "pagination": {"hasMore": true, "nextCursor": "c"}});
    let event = |actor: Value| {
        json!({"items": [{"actor": actor, "action": "a", "createTime": 5, "metadata": {}, "clientIp": "i", "clientUserAgent": "u"}],
            "pagination": {"hasMore": true, "nextCursor": "c"}})
    };
    vec![
        answers::<ListEnvironmentVariables>(&[], vec![json!({"environmentVariables": {"A": "1"}})]),
        answers::<UpdateEnvironmentVariables>(&[], vec![]),
        answers::<GetCanonicalUrls>(&[], vec![json!({"convexCloudUrl": "a", "convexSiteUrl": "b"})]),
        answers::<UpdateCanonicalUrl>(&[], vec![]),
        answers::<PauseDeployment>(&[], vec![]),
        answers::<UnpauseDeployment>(&[], vec![]),
        answers::<GetDeploymentInfo>(
            &["projectName", "projectSlug", "reference"],
            vec![
                json!({"kind": "cloud", "teamId": 1, "projectId": 2, "projectName": "n", "projectSlug": "s", "id": 3, "deploymentType": "dev", "reference": "r"}),
                json!({"kind": "selfHosted"}),
            ],
        ),
        answers::<GetCurrentUsage>(
            &["functionCalls"],
            vec![
                json!({"metrics": {"functionCalls": {"unit": "calls", "usage": {"current_day": 1.5, "current_month": 2.5}}}, "seedStatus": "pending"}),
            ],
        ),
        answers::<ListUsageLimits>(&[], vec![json!({"usageLimits": [limit()]})]),
        answers::<CreateUsageLimit>(&[], vec![json!({"usageLimit": limit()})]),
        answers::<UpdateUsageLimit>(&[], vec![json!({"usageLimit": limit()})]),
        answers::<DeleteUsageLimit>(&[], vec![]),
        answers::<ListLogStreams>(of_stream, vec![Value::from(streams.clone())]),
        answers::<GetLogStream>(of_stream, streams),
        answers::<CreateLogStream>(
            &[],
            vec![
                json!({"logStreamType": "webhook", "id": "i", "hmacSecret": "s"}),
                json!({"logStreamType": "axiom", "id": "i"}),
            ],
        ),
        answers::<UpdateLogStream>(&[], vec![]),
        answers::<DeleteLogStream>(&[], vec![]),
        answers::<RotateWebhookSecret>(&[], vec![json!({"logStreamType": "webhook", "hmacSecret": "s"})]),
        answers::<ListAuditLogEvents>(
            &["clientIp", "clientUserAgent", "client_id"],
            vec![
                event(json!({"kind": "system"})),
                event(json!({"kind": "member", "member_id": 7})),
                event(json!({"kind": "token", "token_id": 8, "client_id": "c"})),
            ],
        ),
        answers::<DataSync>(
            // Whether there is more is not looked at: there always is.
            &["hasMore"],
            vec![page(json!({"type": "snapshotting"})), page(json!({"type": "stale", "snapshotTs": 5}))],
        ),
        answers::<ListActiveSyncs>(
            &[],
            vec![
                sync(
                    json!({"type": "snapshotting", "numTablesSynced": 1, "totalTables": 2, "currentComponent": "", "currentTable": "t",
                    "numDocumentsInCurrentTable": 3, "totalDocumentsInCurrentTable": 4, "numDocumentsSynced": 5, "totalDocuments": 6}),
                ),
                sync(json!({"type": "upToDate", "totalTables": 1, "numDocumentsSynced": 2, "syncedTs": 3})),
            ],
        ),
    ]
}

/// Each field of a value, by its JSON pointer and its own name.
fn fields(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut below = |step: &str, child: &Value| {
        found.extend(fields(child).into_iter().map(|(pointer, name)| (format!("/{step}{pointer}"), name)));
    };
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, child)| below(name, child));
            found.extend(object.keys().map(|name| (format!("/{name}"), name.clone())));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, child)| below(&index.to_string(), child)),
        _ => {}
    }
    found
}

fn without(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(name).unwrap();
    value
}

fn with(value: &Value, pointer: &str, new: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).unwrap() = new;
    value
}

/// Whether a field's value can be anything, so that no answer is wrong about it.
fn is_free(pointer: &str) -> bool {
    pointer.ends_with("/metadata") || pointer.contains("/value/") || pointer.contains("/tags/k")
}

#[test]
fn every_operation_is_in_the_table() {
    let mut ids: Vec<_> = all().iter().map(|answers| answers.meta.id).collect();
    let mut expected: Vec<_> =
        OPERATIONS.iter().filter(|meta| meta.api == "Deployment Platform API").map(|meta| meta.id).collect();
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    for answers in all() {
        assert_eq!(answers.good.is_empty(), answers.meta.empty_response, "{}", answers.meta.id);
        for good in &answers.good {
            answers.decode(good.to_string()).unwrap_or_else(|error| panic!("{}: {error}", answers.meta.id));
        }
    }
}

#[test]
fn an_answer_without_a_field_it_must_have_is_refused_and_the_field_named() {
    let mut checked = 0;
    for answers in all() {
        for good in &answers.good {
            for (pointer, name) in fields(good) {
                if is_free(&pointer) || pointer.contains("/environmentVariables/") {
                    continue;
                }
                let result = answers.decode(without(good, &pointer).to_string());
                if answers.optional.contains(&name.as_str()) {
                    result.unwrap_or_else(|error| panic!("{} {pointer}: {error}", answers.meta.id));
                } else {
                    let error = result.expect_err(&format!("{} {pointer}", answers.meta.id));
                    let said = (error.kind, error.expected);
                    assert_eq!(
                        said,
                        (DecodeErrorKind::Shape, format!("the field `{name}`")),
                        "{} {pointer}",
                        answers.meta.id
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 150, "only {checked}");
}

#[test]
fn an_answer_with_a_null_or_another_type_is_refused_and_located() {
    let mut checked = 0;
    for answers in all() {
        for good in &answers.good {
            for (pointer, name) in fields(good) {
                if is_free(&pointer) {
                    continue;
                }
                // Names of metrics are free, but what stands for one is not.
                let may_be_null =
                    answers.optional.contains(&name.as_str()) && !["functionCalls", "hasMore"].contains(&name.as_str());
                let good_one = good.pointer(&pointer).unwrap();
                let mut wrong = vec![json!(true), json!("x"), json!(1), json!(["x", {}]), json!({"x": [1]})];
                wrong.retain(|one| std::mem::discriminant(one) != std::mem::discriminant(good_one) || one.is_array());
                if good_one.is_null() {
                    wrong.retain(|one| !one.is_array());
                }
                if !may_be_null {
                    wrong.push(Value::Null);
                }
                if name == "hasMore" && answers.meta.id == "data_sync" {
                    continue;
                }
                for bad in wrong {
                    let text = with(good, &pointer, bad.clone()).to_string();
                    let error = answers.decode(text).expect_err(&format!("{} {pointer} {bad}", answers.meta.id));
                    // A list is read as the fields of an object in their order, and found to be none at some later point.
                    let is_located = error.kind == DecodeErrorKind::Shape && !error.path.is_empty();
                    assert!(is_located || bad.is_array(), "{} {pointer} {bad}: {error}", answers.meta.id);
                    let text = error.to_string();
                    assert!(
                        ![" struct ", " enum ", " variant ", "Reply"].iter().any(|word| text.contains(word)),
                        "{text}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 700, "only {checked}");
}

#[test]
fn an_answer_with_a_number_out_of_range_is_refused() {
    let mut checked = 0;
    for answers in all() {
        for good in &answers.good {
            for (pointer, _) in fields(good) {
                if is_free(&pointer) || !good.pointer(&pointer).unwrap().is_number() {
                    continue;
                }
                let is_float = good.pointer(&pointer).unwrap().is_f64();
                let bad: &[&str] = if is_float {
                    &["1e400", "-1e400"]
                } else {
                    &["18446744073709551616", "1.5", "1e3", "-9223372036854775809"]
                };
                for bad in bad {
                    let text = with(good, &pointer, json!("THE NUMBER")).to_string().replace("\"THE NUMBER\"", bad);
                    let error = answers.decode(text).expect_err(&format!("{} {pointer} {bad}", answers.meta.id));
                    assert!(matches!(error.kind, DecodeErrorKind::Shape | DecodeErrorKind::Syntax), "{error}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 80, "only {checked}");
}

#[test]
fn an_answer_with_a_variant_or_a_value_that_is_new_is_read() {
    let open = [
        "kind",
        "type",
        "logStreamType",
        "action",
        "siteLocation",
        "format",
        "unit",
        "seedStatus",
        "metric",
        "window",
        "limitType",
        "deploymentType",
    ];
    let mut checked = 0;
    for answers in all() {
        for good in &answers.good {
            for (pointer, name) in fields(good) {
                if open.contains(&name.as_str()) {
                    let text = with(good, &pointer, json!("somethingNew")).to_string();
                    answers.decode(text).unwrap_or_else(|error| panic!("{} {pointer}: {error}", answers.meta.id));
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 50, "only {checked}");
}

#[test]
fn what_is_no_answer_of_the_server_is_told_from_one() {
    for answers in all() {
        let read = |status: u16, kind: Option<&str>, body: &'static str| {
            let mut response = Response::builder().status(status);
            if let Some(kind) = kind {
                response = response.header("content-type", kind);
            }
            (answers.read)(response.body(Bytes::from(body)).unwrap())
        };
        let id = answers.meta.id;
        for (status, kind, body) in [
            (404, None, ""),
            (405, None, ""),
            (408, None, ""),
            (500, Some("text/plain"), "oops"),
            (502, Some("text/html"), "<html>canary</html>"),
            (503, Some("application/json"), "{\"code\":"),
            (503, Some("application/json"), "[\"canary\"]"),
            (400, Some("application/json"), r#"{"code":7,"message":"m"}"#),
        ] {
            let error = read(status, kind, body).unwrap_err();
            assert!(matches!(error, ResponseError::Unexpected(_)), "{id} {status}: {error:?}");
            assert_eq!(error.status(), status);
            assert!(!format!("{error} {error:?}").contains("canary"), "{id}");
        }
        let refused = read(400, Some("application/json"), r#"{"code":"SomethingNew","message":"m"}"#).unwrap_err();
        let ResponseError::Api(refused) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.code, "SomethingNew", "{id}");
        let unreadable = |status, kind, body| match read(status, kind, body) {
            Err(ResponseError::Decode(reply)) => (reply.error.kind, reply.applied),
            other => panic!("{id} {body}: {other:?}"),
        };
        let json = Some("application/json");
        for (status, kind, body, expected) in [
            (206, json, r#"{"a":1}"#, DecodeErrorKind::Status),
            (207, None, "", DecodeErrorKind::Status),
            (200, Some("text/html"), "<html>", DecodeErrorKind::Html),
            (200, Some("application/json; charset=utf-16"), "{}", DecodeErrorKind::Charset),
        ] {
            assert_eq!(unreadable(status, kind, body), (expected, false), "{id} {body}");
        }
        let foreign = r#"{"code":"Blocked","message":"m"}"#;
        if answers.meta.empty_response {
            for body in ["", " ", "null", "{}"] {
                read(200, None, body).unwrap_or_else(|error| panic!("{id} {body:?}: {error}"));
            }
            for (kind, body) in [(Some("text/plain"), "OK"), (json, foreign), (json, "[]"), (json, "{"), (None, "\0")] {
                assert_eq!(unreadable(200, kind, body), (DecodeErrorKind::NotEmpty, false), "{id} {body:?}");
            }
        } else {
            let begun = if id == "list_log_streams" { "[{\"" } else { "{\"" };
            for (kind, body, expected, applied) in [
                (None, "", DecodeErrorKind::Empty, true),
                (json, begun, DecodeErrorKind::Truncated, true),
                (json, "null", DecodeErrorKind::Shape, true),
                (json, foreign, DecodeErrorKind::Shape, false),
                (json, "nonsense", DecodeErrorKind::Syntax, false),
                (Some("text/plain"), "OK", DecodeErrorKind::Syntax, false),
            ] {
                assert_eq!(unreadable(200, kind, body), (expected, applied), "{id} {body}");
            }
        }
    }
}

/// Operations that take an id, by way of one.
fn by_id(id: &str) -> Vec<Result<Request<Bytes>, BuildError>> {
    let config = UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, 5);
    let at = endpoint();
    vec![
        GetLogStream::new(id).to_request(&at),
        UpdateLogStream::new(id, WebhookUpdate::new()).to_request(&at),
        DeleteLogStream::new(id).to_request(&at),
        RotateWebhookSecret::new(id).to_request(&at),
        UpdateUsageLimit::new(id, config).to_request(&at),
        DeleteUsageLimit::new(id).to_request(&at),
    ]
}

#[test]
fn an_id_is_one_segment_whatever_is_in_it_or_is_refused_by_name() {
    let with_id = OPERATIONS.iter().filter(|meta| meta.path.contains('{')).count();
    assert_eq!(by_id("x").len(), with_id);
    for (id, segment) in [
        ("j57f", "j57f"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("..%2f", "..%252f"),
        ("%", "%25"),
        ("...", "..."),
        ("é\u{202e}", "%C3%A9%E2%80%AE"),
        ("a b?c#d&e=f", "a%20b%3Fc%23d%26e%3Df"),
        ("\r\nx: y", "%0D%0Ax%3A%20y"),
        ("\0", "%00"),
    ] {
        for request in by_id(id) {
            let uri = request.unwrap().uri().clone();
            assert_eq!((uri.path().rsplit('/').next(), uri.query()), (Some(segment), None), "{id:?}");
            assert_eq!(uri.path().split('/').count(), 5, "{id:?}");
        }
    }
    for id in ["", ".", ".."] {
        for request in by_id(id) {
            assert!(matches!(request, Err(BuildError::PathValue { field: "id", .. })), "{id:?}");
        }
    }
    for request in by_id(&"x".repeat(1 << 20)) {
        assert!(matches!(request, Err(BuildError::Url { .. })));
    }
}

#[test]
fn a_body_that_the_server_would_not_read_is_not_sent() {
    let long = "x".repeat(2 << 20);
    let at = endpoint();
    let tags = NewDatadog::new(DatadogSiteLocation::Eu, "k").dd_tags([long.as_str()]);
    let url = WebhookUpdate::new().url(format!("https://{long}"));
    let metric = UsageMetric::from(long.clone());
    let limit = UsageLimitConfig::new(metric, UsageLimitWindow::Day, UsageLimitType::Disable, 5);
    for request in [
        UpdateEnvironmentVariables::new().set("A", long.as_str()).unchecked().to_request(&at),
        UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, long.as_str()).to_request(&at),
        CreateLogStream::new(tags).to_request(&at),
        UpdateLogStream::new("x", url).to_request(&at),
        CreateUsageLimit::new(limit.clone()).to_request(&at),
        UpdateUsageLimit::new("x", limit).to_request(&at),
        DataSync::from_cursor(long.as_str()).to_request(&at),
    ] {
        let Err(BuildError::BodyTooLarge { length, limit, .. }) = request else { panic!("{request:?}") };
        assert!(length > limit && limit == 2 << 20, "{length}");
    }
}

/// An operation that does not do what it says.
struct Careless;

impl Operation for Careless {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = GetLogStream::META;

    fn encode(&self, _request: &mut RequestEncoder) -> Result<(), BuildError> {
        Ok(())
    }

    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[test]
fn an_operation_that_forgets_its_id_is_not_sent() {
    assert!(matches!(Careless.to_request(&endpoint()), Err(BuildError::Template { operation: "get_log_stream" })));
}
