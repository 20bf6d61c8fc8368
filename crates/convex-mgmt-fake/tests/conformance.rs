//! Raw requests about routing, authentication and environment variables, with the responses of the real server. The numbers
//! are the case numbers of the recordings of a real server.

use bytes::Bytes;
use convex_mgmt_fake::Fake;
use http::{Method, Request, Response};
use tower::ServiceExt;

const KEY: &str = "Convex happy-animal-123|01c0ffee";
const READ_ONLY: &str = "Convex happy-animal-123|01decade";
const LIST: &str = "/api/v1/list_environment_variables";
const UPDATE: &str = "/api/v1/update_environment_variables";
const VARY: &str = "origin, access-control-request-method, access-control-request-headers";
/// `{"alg":"none"}.{}.x`
const JWT: &str = "eyJhbGciOiJub25lIn0.e30.x";

fn fake() -> Fake {
    Fake::builder("happy-animal-123")
        .admin_key("happy-animal-123|01c0ffee")
        .read_only_key("happy-animal-123|01decade")
        .token("prod:happy-animal-123|restricted", ["deployment:logs:view"])
        .token("eyJ2=", ["deployment:env:view"])
        .end_user("known.end.user")
        .required_variable("REQ")
        .accepted_values("COLOUR", ["red"])
        .auth_config_variable("ISSUER")
        .variable("ISSUER", "x")
        .build()
}

/// A request: method, path, headers, body.
#[derive(Clone, Default)]
struct Call {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Call {
    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
    fn auth(self, value: impl Into<String>) -> Self {
        self.header("authorization", value)
    }
    fn client(self, value: &str) -> Self {
        self.header("convex-client", value)
    }
}

fn get(path: &str) -> Call {
    Call { path: path.into(), ..Call::default() }
}

fn list() -> Call {
    get(LIST)
}

fn post(body: impl Into<String>) -> Call {
    let call = Call { method: Method::POST, path: UPDATE.into(), body: body.into(), ..Call::default() };
    call.header("content-type", "application/json")
}

/// An update with the admin key.
fn update(changes: &str) -> Call {
    post(format!(r#"{{"changes":{changes}}}"#)).auth(KEY)
}

async fn send(fake: &Fake, call: &Call) -> Response<Bytes> {
    let mut request = Request::builder().method(call.method.clone()).uri(&call.path);
    for (name, value) in &call.headers {
        request = request.header(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    fake.clone().oneshot(request.body(Bytes::from(call.body.clone())).unwrap()).await.unwrap()
}

/// Returns the code of an error response, `-` for an empty body, and `ok` for any other body.
fn code(response: &Response<Bytes>) -> String {
    if response.body().is_empty() {
        assert_eq!(response.headers()["content-length"], "0");
        return "-".into();
    }
    if response.status() == 200 && response.headers().get("content-type").is_some_and(|kind| kind != "application/json")
    {
        return "ok".into();
    }
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    match body["code"].as_str() {
        Some(code) => {
            assert_eq!(body.as_object().unwrap().len(), 2, "code and message only");
            assert!(body["message"].is_string());
            code.into()
        }
        None => "ok".into(),
    }
}

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    let long = |bytes: usize| "v".repeat(bytes);
    let padded = |bytes: usize| format!("{{\"changes\":[]{}}}", " ".repeat(bytes - 14));
    let user = |json: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, json);
    for (case, call, status, expected) in [
        ("1 no credential", list(), 403, "BadDeployKey"),
        ("2 bearer", list().auth("Bearer happy-animal-123|01ab"), 401, "InvalidAuthHeader"),
        ("2 a jwt", list().auth(format!("Bearer {JWT}")), 401, "NoAuthProvider"),
        ("2 an end user", list().auth("bearer  known.end.user"), 403, "BadDeployKey"),
        ("4 too short", list().auth("Convex"), 400, "InvalidHeaderFailure"),
        ("4 seven bytes", list().auth("bearer "), 400, "InvalidAdminKey"),
        ("5 garbage", list().auth("Convex garbage"), 401, "BadAdminKey"),
        ("5 another name", list().auth("Convex other|01c0ffee"), 401, "BadAdminKey"),
        ("5 no name", list().auth("Convex 01c0ffee"), 401, "BadAdminKey"),
        ("5 a space is kept", list().auth("Convex  happy-animal-123|01c0ffee"), 401, "BadAdminKey"),
        ("6 basic", list().auth("Basic abcdef"), 400, "InvalidAdminKey"),
        ("6 not text", list().auth("Convex é"), 400, "HeaderParseFailure"),
        ("7 any case, any type", list().auth("cOnVeX prod:happy-animal-123|01c0ffee"), 200, "ok"),
        ("7 a preview key names nothing", list().auth("Convex preview:happy-animal-123|01c0ffee"), 401, "BadAdminKey"),
        ("7 a token needs no name", list().auth("Convex Project:team:shop|eyJ2="), 200, "ok"),
        ("7 an opaque token", list().auth("Convex eyJ2="), 200, "ok"),
        ("7 acting as a user", list().auth(format!("{KEY}:{}", user("{\"a\":1}"))), 200, "ok"),
        ("7 acting as nobody", list().auth(format!("{KEY}:???")), 400, "HeaderParseFailure"),
        ("7 acting as no object", list().auth(format!("{KEY}:{}", user("1"))), 400, "HeaderParseFailure"),
        ("8 key in the query", get(&format!("{LIST}?adminKey=happy-animal-123%7C01c0ffee")), 200, "ok"),
        ("8 twice", get(&format!("{LIST}?adminKey=a&adminKey=b")), 400, "BadQueryArgs"),
        ("8 the header wins", get(&format!("{LIST}?adminKey=garbage")).auth(KEY), 200, "ok"),
        ("9 read-only reads", list().auth(READ_ONLY), 200, "ok"),
        ("10 read-only writes", post(r#"{"changes":[]}"#).auth(READ_ONLY), 403, "OperationNotPermitted"),
        ("10 restricted", list().auth("Convex prod:happy-animal-123|restricted"), 403, "OperationNotPermitted"),
        ("10 restricted to reading", post(r#"{"changes":[]}"#).auth("Convex eyJ2="), 403, "OperationNotPermitted"),
        ("11 client without a dash", list().auth(KEY).client("foo"), 400, "InvalidClientVersion"),
        ("11 before auth", list().client("foo"), 400, "InvalidClientVersion"),
        ("11 unknown route", get("/api/v1/nope").client("foo"), 404, "-"),
        ("12 our client", list().auth(KEY).client("convex-mgmt-rust-0.1.0"), 200, "ok"),
        ("13 no version", list().auth(KEY).client("rust-dev"), 400, "ClientVersionUnsupported"),
        ("14 old", list().auth(KEY).client("python-0.1.0"), 200, "ok"),
        ("16 unknown route", get("/api/v1/nope").auth(KEY), 404, "-"),
        ("16 unknown route, any method", Call { path: "/api/v1/nope/x".into(), ..post("{") }.auth(KEY), 404, "-"),
        ("16 trailing slash", get(&format!("{LIST}/")).auth(KEY), 404, "-"),
        ("17 wrong method", Call { method: Method::DELETE, ..list() }, 405, "-"),
        ("17 options", Call { method: Method::OPTIONS, ..list() }, 200, "-"),
        ("17 head", Call { method: Method::HEAD, ..list() }.auth(KEY), 200, "head"),
        ("18 no content type", Call { headers: Vec::new(), ..post("{}") }.auth(KEY), 400, "BadJsonBody"),
        (
            "18 another",
            Call { headers: Vec::new(), ..post("{}") }.header("content-type", "text/plain").auth(KEY),
            400,
            "BadJsonBody",
        ),
        (
            "19 json suffix",
            Call { headers: Vec::new(), ..post(r#"{"changes":[]}"#) }
                .header("content-type", "application/vnd.x+json; charset=utf-8")
                .auth(KEY),
            200,
            "-",
        ),
        ("20 the limit", post(padded(2_097_152)).auth(KEY), 200, "-"),
        ("20 one more", post(padded(2_097_153)).auth(KEY), 400, "BadJsonBody"),
        ("21 no key, bad body", post("{"), 400, "BadJsonBody"),
        ("21 no key, good body", post(r#"{"changes":[]}"#), 403, "BadDeployKey"),
        ("22 bad key, bad body", post("{").auth("Convex garbage"), 401, "BadAdminKey"),
        ("22 a field twice", post(r#"{"changes":[],"changes":[]}"#).auth(KEY), 400, "BadJsonBody"),
        ("22 unknown field", post(r#"{"changes":[],"more":1}"#).auth(KEY), 200, "-"),
        ("22 missing field", post("{}").auth(KEY), 400, "BadJsonBody"),
        ("22 an array for the object", post("[[]]").auth(KEY), 200, "-"),
        ("23 set", update(r#"[{"name":"A","value":"1"}]"#), 200, "-"),
        ("25 delete an unknown variable", update(r#"[{"name":"Z","value":null},{"name":"Y"}]"#), 200, "-"),
        (
            "28 one bad name",
            update(r#"[{"name":"OK","value":"1"},{"name":"9BAD","value":"1"}]"#),
            400,
            "EnvironmentVariableNameInvalid",
        ),
        ("28 a bad name in a deletion", update(r#"[{"name":"a-b"}]"#), 400, "EnvironmentVariableNameInvalid"),
        ("29 an underscore", update(r#"[{"name":"_A","value":"1"}]"#), 200, "-"),
        ("30 256 bytes", update(&format!(r#"[{{"name":"{}","value":""}}]"#, "N".repeat(256))), 200, "-"),
        (
            "30 257 bytes",
            update(&format!(r#"[{{"name":"{}","value":""}}]"#, "N".repeat(257))),
            400,
            "EnvironmentVariableNameTooLong",
        ),
        ("31 8192 bytes", update(&format!(r#"[{{"name":"A","value":"{}"}}]"#, long(8192))), 200, "-"),
        (
            "31 8193 bytes",
            update(&format!(r#"[{{"name":"A","value":"{}"}}]"#, long(8193))),
            400,
            "EnvironmentVariableValueTooLarge",
        ),
        ("32 built in", update(r#"[{"name":"CONVEX_SITE_URL","value":"x"}]"#), 400, "EnvVarNameForbidden"),
        ("32 deleting built in", update(r#"[{"name":"CONVEX_SITE_URL"}]"#), 200, "-"),
        ("32 other convex names", update(r#"[{"name":"CONVEX_X","value":"a\u0000\n"}]"#), 200, "-"),
        ("35 required", update(r#"[{"name":"REQ"},{"name":"REQ","value":"1"}]"#), 400, "RequiredEnvironmentVariable"),
        ("36 validator", update(r#"[{"name":"COLOUR","value":"blue"}]"#), 400, "InvalidEnvironmentVariable"),
        ("36 validator passes", update(r#"[{"name":"COLOUR","value":"red"}]"#), 200, "-"),
        ("36 auth config", update(r#"[{"name":"ISSUER"}]"#), 400, "AuthConfigMissingEnvironmentVariable"),
        ("crossed paths", get(UPDATE).auth(KEY), 200, "ok"),
        ("without v1", get("/api/list_environment_variables").auth(KEY), 200, "ok"),
        ("without v1, not crossed", get("/api/update_environment_variables").auth(KEY), 405, "-"),
        ("helper", get("/instance_name"), 200, "ok"),
    ] {
        let response = send(&fake(), &call).await;
        assert_eq!(response.status(), status, "{case}: {response:?}");
        if expected != "head" {
            assert_eq!(code(&response), expected, "{case}");
        }
    }
}

async fn variables(fake: &Fake) -> String {
    String::from_utf8(send(fake, &list().auth(KEY)).await.into_body().to_vec()).unwrap()
}

#[tokio::test]
async fn a_batch_is_atomic() {
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").build();
    send(&fake, &update(r#"[{"name":"OK","value":"1"},{"name":"CONVEX_SITE_URL","value":"x"}]"#)).await;
    assert_eq!(variables(&fake).await, r#"{"environmentVariables":{}}"#);
    assert!(fake.audit_log().is_empty());
}

#[tokio::test]
async fn deletions_run_before_sets_and_the_greatest_value_wins() {
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").build();
    let changes = r#"[{"name":"B","value":"x"},{"name":"A","value":"z"},{"name":"A","value":"b"},{"name":"B"}]"#;
    send(&fake, &update(changes).header("user-agent", "test/1")).await;
    assert_eq!(variables(&fake).await, r#"{"environmentVariables":{"A":"z","B":"x"}}"#);
    let log: Vec<_> = fake
        .audit_log()
        .into_iter()
        .map(|entry| (entry.action, entry.metadata["variable_name"].as_str().unwrap().to_owned(), entry.user_agent))
        .collect();
    let entry = |action, name: &str| (action, name.to_owned(), Some("test/1".to_owned()));
    assert_eq!(
        log,
        [
            entry("create_environment_variable", "A"),
            entry("update_environment_variable", "A"),
            entry("create_environment_variable", "B"),
        ]
    );
}

#[tokio::test]
async fn limits_apply_to_the_result_of_a_batch() {
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").build();
    let sets = |count: usize, value: &str| {
        let sets: Vec<_> = (0..count).map(|n| format!(r#"{{"name":"N{n}","value":"{value}"}}"#)).collect();
        format!("[{}]", sets.join(","))
    };
    assert_eq!(code(&send(&fake, &update(&sets(513, ""))).await), "EnvVarLimitMet");
    assert_eq!(code(&send(&fake, &update(&sets(65, &"v".repeat(8192)))).await), "EnvVarTotalSizeLimitMet");
    assert_eq!(code(&send(&fake, &update(&sets(512, ""))).await), "-");
    assert_eq!(code(&send(&fake, &update(r#"[{"name":"ONE_MORE","value":""}]"#)).await), "EnvVarLimitMet");
    assert_eq!(code(&send(&fake, &update(r#"[{"name":"ONE_MORE","value":""},{"name":"N0"}]"#)).await), "-");
}

#[tokio::test]
async fn a_key_that_acts_as_a_user_can_write_only_without_an_audit_entry() {
    let fake = fake();
    let acting = format!("{KEY}:{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "{}"));
    let write = |changes: &str| post(format!(r#"{{"changes":{changes}}}"#)).auth(acting.as_str());
    assert_eq!(code(&send(&fake, &write(r#"[{"name":"A","value":"1"}]"#)).await), "SystemIdentityRequired");
    assert_eq!(code(&send(&fake, &write("[]")).await), "-");
    assert_eq!(fake.variables().len(), 1);
}

#[tokio::test]
async fn responses_have_the_headers_of_the_real_server() {
    let fake = fake();
    let matched = send(&fake, &list().auth(KEY).client("python-0.1.0")).await;
    assert_eq!(matched.headers()["vary"], VARY);
    assert_eq!(matched.headers()["access-control-allow-credentials"], "true");
    assert_eq!(matched.headers()["x-convex-deprecation-state"], "UpgradeRequired");
    let unknown = send(&fake, &get("/api/v1/nope").header("origin", "https://app.example")).await;
    assert_eq!(unknown.headers().len(), 1, "{unknown:?}");
    let message = send(&fake, &post(r#"{"changes":[]}"#).auth(READ_ONLY)).await;
    assert!(String::from_utf8_lossy(message.body()).contains("(deployment:env:write)"));
}

/// The order is the one in which the real server registers the methods of a path.
#[tokio::test]
async fn the_allow_header_lists_the_methods_in_the_servers_order() {
    let fake = fake();
    for (path, methods) in [
        (LIST, "POST,GET,HEAD"),
        (UPDATE, "POST,GET,HEAD"),
        ("/api/v1/get_canonical_urls", "POST,GET,HEAD"),
        ("/api/v1/update_canonical_url", "POST,GET,HEAD"),
        ("/api/v1/list_usage_limits", "GET,HEAD"),
        ("/api/v1/create_usage_limit", "POST"),
        ("/api/list_environment_variables", "GET,HEAD"),
        ("/api/update_environment_variables", "POST"),
    ] {
        let wrong = Call { method: Method::DELETE, ..get(path) };
        for call in [wrong.clone(), wrong.client("foo"), Call { method: Method::OPTIONS, ..get(path) }] {
            assert_eq!(send(&fake, &call).await.headers()["allow"], methods, "{path}");
        }
    }
}

/// A request that is rejected because of its client version does not reach the CORS layer.
#[tokio::test]
async fn browsers_get_the_cors_headers_of_the_real_server() {
    let fake = fake();
    let with_origin = |call: Call| call.header("origin", "https://app.example");
    for call in [list().auth(KEY), list(), Call { method: Method::DELETE, ..list() }] {
        let response = send(&fake, &with_origin(call)).await;
        assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example", "{response:?}");
        assert_eq!(response.headers()["access-control-allow-credentials"], "true");
        assert_eq!(response.headers()["vary"], VARY);
        assert!(!response.headers().contains_key("access-control-allow-methods"), "{response:?}");
    }
    let preflight =
        Call { method: Method::OPTIONS, ..list() }.header("access-control-request-headers", "authorization,x-a");
    let response = send(&fake, &with_origin(preflight)).await;
    assert_eq!((response.status().as_u16(), response.body().len()), (200, 0));
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET,POST,OPTIONS,PATCH,DELETE,PUT"),
        ("access-control-allow-headers", "authorization,x-a"),
        ("access-control-max-age", "86400"),
        ("vary", VARY),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
    for client in ["foo", "rust-dev"] {
        let rejected = send(&fake, &with_origin(list().auth(KEY).client(client))).await;
        assert_eq!(rejected.status(), 400);
        assert!(!rejected.headers().keys().any(|name| name.as_str().starts_with("access-control")), "{rejected:?}");
    }
    // The server checks the client version of a preflight, too.
    let preflight = Call { method: Method::OPTIONS, ..list() }.client("foo");
    assert_eq!(code(&send(&fake, &preflight).await), "InvalidClientVersion");
}
