//! The wait for a deployment that was just created.

use std::time::Duration;

use convex_mgmt::deployment::ListLogStreams;
use convex_mgmt::management::GetTokenDetails;
use convex_mgmt::{AccessToken, DeploymentClient, Endpoint, Error, ErrorKind, ManagementApi};
use convex_mgmt_suite::{Script, Step, endpoint, refused};
use tokio::time::Instant;

const URLS: &str = r#"{"convexCloudUrl":"https://a.example","convexSiteUrl":"https://b.example"}"#;
const MINUTE: Duration = Duration::from_secs(60);

/// Waits for a deployment that responds like this. Returns the result, the time that it took, and the number of requests.
async fn wait(steps: impl IntoIterator<Item = Step>, timeout: Duration) -> (Result<(), Error>, Duration, usize) {
    let script = Script::new(steps);
    let client = DeploymentClient::with_service(endpoint("http://127.0.0.1:3210"), script.clone());
    let started = Instant::now();
    let result = client.wait_until_ready(timeout).await;
    let requests = script.requests().len();
    (result, started.elapsed(), requests)
}

#[tokio::test(start_paused = true)]
async fn waits_while_a_fresh_deployment_is_not_reachable() {
    let starting = [
        Step::Fail(convex_mgmt::TransportError::dns("no such host")),
        refused(),
        Step::Status(404, ""),
        Step::Status(404, r#"{"code":"DeploymentNotFound","message":"m"}"#),
        Step::Status(503, ""),
    ];
    let (result, time, requests) = wait(starting.into_iter().chain([Step::Status(200, URLS)]), MINUTE).await;
    result.unwrap();
    assert_eq!(requests, 6);
    assert!((3..9).contains(&time.as_secs()), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn ends_at_once_with_an_error_that_time_does_not_change() {
    for status in [400, 401, 403] {
        let (result, time, requests) = wait([Step::Status(status, r#"{"code":"BadAdminKey"}"#)], MINUTE).await;
        assert_eq!(result.unwrap_err().status().map(|status| status.as_u16()), Some(status));
        assert_eq!((time, requests), (Duration::ZERO, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn makes_no_attempt_after_the_timeout() {
    let (result, time, requests) = wait((0..100).map(|_| Step::Status(404, "")), MINUTE).await;
    assert_eq!(result.unwrap_err().cause_kind(), ErrorKind::UnexpectedReply);
    assert!(time <= MINUTE && time > MINUTE / 2, "{time:?}");
    assert!((15..40).contains(&requests), "{requests}");
    let (_, time, requests) = wait([Step::Status(404, "")], Duration::ZERO).await;
    assert_eq!((time, requests), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn the_error_covers_all_attempts_of_the_wait() {
    let (result, time, requests) = wait((0..100).map(|_| Step::Status(404, "")), MINUTE).await;
    let error = result.unwrap_err();
    assert_eq!((error.attempts() as usize, error.elapsed()), (requests, time));
    assert!(error.to_string().ends_with(&format!("({requests} attempts in {:.1} s)", time.as_secs_f64())), "{error}");
}

#[tokio::test]
async fn a_404_at_a_deployment_names_the_wait() {
    let script = Script::new([Step::Status(404, ""), Step::Status(404, "")]);
    let client = DeploymentClient::with_service(endpoint("http://127.0.0.1:3210"), script.clone());
    let error = client.send(&ListLogStreams::new()).await.unwrap_err();
    assert!(error.to_string().contains("`Client::wait_until_ready`"), "{error}");

    let token = AccessToken::team("made-up").unwrap();
    let management = client.at(Endpoint::<ManagementApi>::new("https://api.convex.dev", &token).unwrap());
    let error = management.send(&GetTokenDetails::new()).await.unwrap_err();
    assert!(!error.to_string().contains("wait_until_ready"), "{error}");
}
