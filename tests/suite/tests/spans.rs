//! The spans of the feature `tracing`: what they say, and what they must not.

use bytes::Bytes;
use convex_mgmt::Client;
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt_suite::log::Log;
use convex_mgmt_suite::{Script, Step, endpoint, reset};
use http::Response;
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::test(start_paused = true)]
async fn a_call_and_its_attempts_are_told_without_secrets() {
    let log = Log::default();
    let guard = log.keep(FmtSpan::CLOSE);
    let old = Response::builder()
        .header("x-convex-deprecation-state", "UpgradeRequired")
        .header("x-convex-deprecation-message", "soon")
        .body(Bytes::from_static(br#"{"environmentVariables":{"A":"canary"}}"#))
        .unwrap();
    let refusal = Step::Answer(403, r#"{"code":"BadDeployKey","message":"canary"}"#);
    let script = Script::new([reset(), Step::Respond(old), refusal]);
    let client = Client::builder(endpoint("https://happy-animal-123.convex.cloud")).build_on(script).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "canary")).await.unwrap_err();
    drop(guard);

    let text = log.text();
    for told in [
        "otel.name=\"list_environment_variables\"",
        "url.template=\"/update_environment_variables\"",
        "http.request.method=\"POST\"",
        "server.address=\"happy-animal-123.convex.cloud\"",
        "http.request.resend_count=1",
        "http.response.status_code=200",
        "http.response.status_code=403",
        "error.type=Api",
        "trying again",
        "too old",
    ] {
        assert!(text.contains(told), "{told} is missing in:\n{text}");
    }
    assert!(!text.contains("canary") && !text.contains("c0ffee"), "{text}");
}
