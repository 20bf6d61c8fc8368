//! The checks of failed attempts and their repetition.

use std::time::{Duration, Instant};

use convex_mgmt_proto::Applied;
use convex_mgmt_proto::Sent;
use convex_mgmt_proto::deployment::usage::{UsageLimitWindow, UsageMetric};
use convex_mgmt_proto::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt_proto::deployment::{CreateUsageLimit, ListEnvironmentVariables, UpdateEnvironmentVariables};

use super::expect::{count, describe, ensure, fails, succeeds};
use crate::conformance::caller::{Caller, Failure};
use crate::conformance::session::{Checked, Run};
use crate::conformance::target::Target;
use crate::state::Fault;

/// An operation that is not idempotent.
pub(super) fn create() -> CreateUsageLimit {
    let (window, kind) = (UsageLimitWindow::Day, UsageLimitType::Disable);
    CreateUsageLimit::new(UsageLimitConfig::new(UsageMetric::FunctionCalls, window, kind, 1000))
}

pub(super) async fn unavailable<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    session.fake.fault(Fault::status(503));
    let expected = "a success after a response with status 503";
    succeeds(session.client.call(&ListEnvironmentVariables::new()).await, expected)?;
    let requests = session.fake.requests().len();
    ensure(requests == 2, "2 requests", || count(requests, "request"))
}

pub(super) async fn retry_after<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    session.fake.fault(Fault::Response { status: 503, code: None, retry_after: Some(1) });
    let started = Instant::now();
    let expected = "a success after a response with status 503 and `Retry-After: 1`";
    succeeds(session.client.call(&ListEnvironmentVariables::new()).await, expected)?;
    let elapsed = started.elapsed();
    // The timers of some hosts are up to a millisecond early.
    ensure(elapsed >= Duration::from_millis(990), "a wait of 1 s before the second request", || {
        format!("a call of {} ms", elapsed.as_millis())
    })
}

pub(super) async fn lost_response<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    let update = UpdateEnvironmentVariables::new().set("GREETING", "hello");
    session.fake.fault(Fault::LostResponse);
    succeeds(session.client.call(&update).await, "a success of the second attempt, after the connection broke")?;
    let requests = session.fake.requests().len();
    ensure(requests == 2, "2 requests", || count(requests, "request"))
}

pub(super) async fn lost_create<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    // Many HTTP clients repeat a request on their own if its connection was idle before.
    succeeds(session.client.call(&ListEnvironmentVariables::new()).await, "a first success")?;
    session.fake.fault(Fault::LostResponse);
    let expected = "an error that states that the create may have taken effect, after the connection broke";
    let result = session.client.call(&create()).await;
    let requests = session.fake.requests().len() - 1;
    ensure(requests == 1, "1 request, because a second one may create a second object", || count(requests, "request"))?;
    let error = fails(result, expected, |_| "a success".to_owned())?;
    ensure(error.sent() == Sent::Maybe && error.applied() == Applied::Maybe, expected, || describe(&error))?;
    // A retry of the transport would follow this response, too. The server may have executed the request.
    session.fake.fault(Fault::status(503));
    let expected = "an error that states that the create may have taken effect, after a response with status 503";
    let error = fails(session.client.call(&create()).await, expected, |_| "a success".to_owned())?;
    let requests = session.fake.requests().len() - 2;
    ensure(requests == 1, "1 request for a create with the response 503", || count(requests, "request"))?;
    ensure(error.sent() == Sent::Maybe && error.applied() == Applied::Maybe, expected, || describe(&error))
}
