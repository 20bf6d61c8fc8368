//! The checks of timeouts.

use std::time::{Duration, Instant};

use convex_mgmt_proto::deployment::{ListEnvironmentVariables, PauseDeployment};
use convex_mgmt_proto::{Applied, Sent};

use super::expect::{count, describe, ensure, fails, succeeds};
use super::repetition::create;
use crate::conformance::caller::{Caller, Failure};
use crate::conformance::session::{Checked, Run};
use crate::conformance::target::Target;
use crate::state::Fault;

/// The delay of a response that the client must not wait for.
const DELAY: Duration = Duration::from_secs(6);

/// The latest end of a call that does not wait for such a response. It leaves time for a busy machine.
const LATEST: Duration = Duration::from_secs(4);

pub(super) async fn attempt_timeout<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    // The second attempt has the same time, so it must suffice for a usual response.
    let session = run.session_with((Duration::from_secs(1), Duration::from_secs(40)))?;
    session.fake.set_variable("GREETING", "hello");
    session.fake.fault_at("/list_environment_variables", Fault::delay(DELAY));
    let started = Instant::now();
    let result = session.client.call(&ListEnvironmentVariables::new()).await;
    let variables = succeeds(result, "a success of the second attempt, after the first one timed out")?;
    ends_before(LATEST, started)?;
    ensure(variables.get("GREETING").is_some(), "the response of the second attempt", || {
        "another response".to_owned()
    })?;
    // A response that arrives late must not be read as the response of another request.
    let result = session.client.call(&PauseDeployment::new()).await;
    succeeds(result, "the response of the next call, and not the late response of the first attempt")?;
    let requests = session.fake.requests().len();
    ensure(requests >= 3, "a second attempt", || count(requests, "request"))?;
    // The timeout of the transport itself may end the attempt.
    session.fake.fault_at("/create_usage_limit", Fault::delay(DELAY));
    let result = session.client.call(&create()).await;
    let creates = session.fake.requests().len() - requests;
    ensure(creates == 1, "1 request for a create that timed out", || count(creates, "request"))?;
    let expected = "an error that states that a create that timed out may have taken effect";
    let error = fails(result, expected, |_| "a success".to_owned())?;
    ensure(error.sent() == Sent::Maybe && error.applied() == Applied::Maybe, expected, || describe(&error))
}

pub(super) async fn deadline<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    // An attempt could take longer than the call, so only the deadline ends the call in time.
    let session = run.session_with((Duration::from_secs(5), Duration::from_secs(1)))?;
    session.fake.fault(Fault::delay(DELAY));
    let started = Instant::now();
    let result = session.client.call(&create()).await;
    let expected = "an error at the deadline of 1 s that states that the create may have taken effect";
    let error = fails(result, expected, |_| "a success".to_owned())?;
    ends_before(LATEST, started)?;
    ensure(error.sent() == Sent::Maybe && error.applied() == Applied::Maybe, expected, || describe(&error))?;
    let requests = session.fake.requests().len();
    ensure(requests == 1, "1 request for the create", || count(requests, "request"))
}

fn ends_before(latest: Duration, started: Instant) -> Checked {
    let elapsed = started.elapsed();
    let expected = format!("an end before the server responds after {} s", DELAY.as_secs());
    ensure(elapsed < latest, expected, || format!("a call of {:.1} s", elapsed.as_secs_f64()))
}
