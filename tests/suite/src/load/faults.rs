//! The faults of a load, and what each of them proves.

use std::time::Duration;

use convex_mgmt_fake::Fault;

/// The attempt timeout. Only an attempt with a long delay should reach it.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// A fault of every kind: rejections, unknown outcomes, and lost responses.
pub fn faults() -> Vec<Fault> {
    vec![
        Fault::status(429).retry_after(Duration::ZERO),
        Fault::code(503, "OptimisticConcurrencyControlFailure"),
        Fault::code(503, "CommitterFullError"),
        Fault::status(408),
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::status(524),
        Fault::status(307),
        Fault::Reset,
        Fault::LostResponse,
        Fault::EmptyBody,
        // One delay beyond the attempt timeout, and one well within it.
        Fault::delay(ATTEMPT_TIMEOUT * 20),
        Fault::delay(Duration::from_millis(20)),
    ]
}

/// Returns whether a fault proves that the request was not executed.
pub(super) fn is_rejection(fault: &Fault) -> bool {
    matches!(fault, Fault::Response { status: 429, .. } | Fault::Response { status: 503, code: Some(_), .. })
}

/// Returns whether the client receives the response in spite of the fault.
pub(super) fn delivers_response(fault: &Fault) -> bool {
    match fault {
        Fault::EmptyBody => true,
        Fault::Delay { milliseconds, .. } => u128::from(*milliseconds) < ATTEMPT_TIMEOUT.as_millis(),
        _ => false,
    }
}
