//! The end of a call for each fault, by the idempotency of the operation.

use convex_mgmt::deployment::usage::UsageLimitWindow;
use convex_mgmt::deployment::usage::UsageMetric;
use convex_mgmt::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt::deployment::{CreateUsageLimit, ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Error, ErrorKind};
use convex_mgmt_fake::Fault;

use crate::deployment;

/// The result of a call, and its number of requests.
type End = (Result<(), ErrorKind>, usize);

const SUCCESS: Result<(), ErrorKind> = Ok(());
const UNKNOWN: Result<(), ErrorKind> = Err(ErrorKind::OutcomeUnknown);
const REJECTED: Result<(), ErrorKind> = Err(ErrorKind::Api);

fn kind(result: Result<(), Error>) -> Result<(), ErrorKind> {
    result.map_err(|error| error.kind())
}

#[tokio::test]
async fn retries_each_fault_as_the_idempotency_allows() {
    let retried: End = (SUCCESS, 2);
    for (fault, read, set, create) in [
        (Fault::Reset, retried, retried, (UNKNOWN, 1)),
        (Fault::LostResponse, retried, retried, (UNKNOWN, 1)),
        (Fault::status(408), retried, retried, (UNKNOWN, 1)),
        (Fault::status(500), retried, retried, (UNKNOWN, 1)),
        (Fault::code(500, "InternalServerError"), retried, retried, (UNKNOWN, 1)),
        (Fault::status(502), retried, retried, (UNKNOWN, 1)),
        (Fault::status(503), retried, retried, (UNKNOWN, 1)),
        (Fault::status(504), retried, retried, (UNKNOWN, 1)),
        (Fault::code(503, "SomethingNew"), retried, retried, (UNKNOWN, 1)),
        (Fault::code(503, "InternalServerError"), (REJECTED, 1), (UNKNOWN, 1), (UNKNOWN, 1)),
        (Fault::code(503, "OptimisticConcurrencyControlFailure"), retried, retried, retried),
        (Fault::code(503, "CommitterFullError"), retried, retried, retried),
        (Fault::code(503, "ExpiredInQueue"), retried, retried, retried),
        (Fault::code(429, "TooManyWrites"), retried, retried, retried),
        (Fault::code(421, "MisdirectedRequest"), retried, retried, retried),
        (Fault::code(425, "TooEarly"), retried, retried, retried),
        (Fault::code(409, "SomethingNew"), (REJECTED, 1), (REJECTED, 1), (REJECTED, 1)),
        (Fault::code(401, "BadAdminKey"), (REJECTED, 1), (REJECTED, 1), (REJECTED, 1)),
        (Fault::EmptyBody, (Err(ErrorKind::Decode), 1), (SUCCESS, 1), (Err(ErrorKind::Decode), 1)),
    ] {
        let (fake, _running, client) = deployment().await;
        let limit = UsageLimitConfig::new(UsageMetric::DataEgress, UsageLimitWindow::Day, UsageLimitType::Disable, 5);
        let mut before = 0;
        let mut requests = || {
            let all = fake.requests().len();
            all - std::mem::replace(&mut before, all)
        };
        fake.fault(fault.clone());
        let result = client.send(&ListEnvironmentVariables::new()).await.map(drop);
        assert_eq!((kind(result), requests()), read, "a read and {fault:?}");
        fake.fault(fault.clone());
        let result = client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await;
        assert_eq!((kind(result), requests()), set, "a set and {fault:?}");
        fake.fault(fault.clone());
        let result = client.send(&CreateUsageLimit::new(limit)).await.map(drop);
        assert_eq!((kind(result), requests()), create, "a create and {fault:?}");
    }
}
