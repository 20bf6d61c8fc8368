//! The limits of attempts, conflicts and unprocessed requests: each can be 0 or 1 independently.

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{RetryPolicy, TransportError};
use convex_mgmt_suite::{Script, Step, refused};

use crate::{CONFLICT, LISTED, builder};

fn conflict() -> Step {
    Step::Status(503, CONFLICT)
}

fn unprocessed() -> Step {
    Step::Fail(TransportError::unprocessed("the server is busy"))
}

/// Returns the number of attempts of a call whose first attempt ends with `first`, and whose second one would succeed.
/// Asserts that a call without a retry ends at once.
async fn attempts(policy: &RetryPolicy, first: Step) -> u32 {
    let script = Script::new([first, Step::Status(200, LISTED)]);
    let client = builder().retry(policy.clone()).build_on(script.clone()).unwrap();
    match client.send(&ListEnvironmentVariables::new()).await {
        Ok(_) => assert_eq!(script.remaining(), 0),
        Err(error) => assert_eq!((error.attempts(), script.remaining()), (1, 1), "{error:?}"),
    }
    u32::try_from(script.requests().len()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_limit_of_zero_retries_affects_only_its_own_kind() {
    let policy = RetryPolicy::default;
    for (policy, failures, conflicts, unprocessings) in [
        (policy(), 2, 2, 2),
        (policy().max_attempts(1), 1, 2, 2),
        (policy().max_conflicts(0), 2, 1, 2),
        (policy().max_unprocessed(0), 2, 2, 1),
        (policy().max_attempts(1).max_conflicts(0), 1, 1, 2),
        (policy().max_attempts(1).max_unprocessed(0), 1, 2, 1),
        (policy().max_conflicts(0).max_unprocessed(0), 2, 1, 1),
        (policy().max_attempts(0), 1, 2, 2),
        (RetryPolicy::never(), 1, 1, 1),
    ] {
        assert_eq!(attempts(&policy, refused()).await, failures, "{policy:?}");
        assert_eq!(attempts(&policy, conflict()).await, conflicts, "{policy:?}");
        assert_eq!(attempts(&policy, unprocessed()).await, unprocessings, "{policy:?}");
    }
}
