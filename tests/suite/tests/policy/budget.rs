//! Refills of the retry budget.

use bytes::Bytes;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{RetryBudget, TransportError};
use convex_mgmt_suite::{Script, Step, reset};
use http::Response;

use crate::{LISTED, builder};

/// Exhausts a budget of one retry, except for one success. Returns whether this response then allows a retry again.
async fn refills_budget(response: Step) -> bool {
    // One more success would refill the budget.
    let budget = RetryBudget::new(RetryBudget::COST);
    let last_attempt = [reset(), Step::Status(403, "")];
    let mut steps: Vec<_> = last_attempt.into_iter().collect();
    steps.extend((1..RetryBudget::COST).map(|_| Step::Status(200, LISTED)));
    steps.extend([response, reset(), Step::Status(403, "")]);
    let client = builder().retry_budget(budget).build_on(Script::new(steps)).unwrap();
    let call = async || client.send(&ListEnvironmentVariables::new()).await;
    assert_eq!(call().await.unwrap_err().attempts(), 2);
    for _ in 1..RetryBudget::COST {
        call().await.unwrap();
    }
    drop(call().await);
    call().await.unwrap_err().attempts() == 2
}

#[tokio::test(start_paused = true)]
async fn only_successes_of_the_api_refill_the_budget() {
    assert!(refills_budget(Step::Status(200, LISTED)).await);
    // A success with an undecodable body is still a success of the API.
    assert!(refills_budget(Step::Status(200, r#"{"environmentVariables":7}"#)).await);
    let page = Response::builder().header("content-type", "text/html").body(Bytes::from_static(b"<html>"));
    for other in [
        Step::Status(101, ""),
        Step::Status(302, ""),
        Step::Status(304, ""),
        Step::Status(400, r#"{"code":"BadJsonBody"}"#),
        Step::Status(206, LISTED),
        Step::Status(200, "OK"),
        Step::Status(200, r#"{"code":"Blocked"}"#),
        Step::Respond(page.unwrap()),
        Step::Respond(Response::builder().header("content-encoding", "gzip").body(Bytes::from_static(b"x")).unwrap()),
        Step::Fail(TransportError::response_too_large(9)),
    ] {
        let what = format!("{other:?}");
        assert!(!refills_budget(other).await, "{what}");
    }
}
