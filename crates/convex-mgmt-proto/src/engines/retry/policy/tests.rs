//! Tests of the decision, mostly as tables.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::metadata::DeploymentApi;
use crate::response::NOT_COMMITTED_CODES;

fn operation(idempotency: Idempotency) -> OperationMeta {
    OperationMeta::new::<DeploymentApi>("x", Method::POST, "/x", idempotency)
}

fn error_response(status: u16, code: Option<&str>) -> Outcome {
    let status = StatusCode::from_u16(status).unwrap();
    Outcome::ErrorResponse { status, code: code.map(ErrorCode::from), retry_after: None }
}

fn conflict() -> Outcome {
    error_response(503, Some("OptimisticConcurrencyControlFailure"))
}

fn counts(attempts: u32, conflicts: u32) -> AttemptCounts {
    AttemptCounts { attempts, conflicts, ..AttemptCounts::default() }
}

fn retries(idempotency: Idempotency, outcome: &Outcome) -> bool {
    let mut counts = AttemptCounts::default();
    counts.count(outcome);
    RetryPolicy::default().decide(&operation(idempotency), counts, None, 0.5, outcome) != RetryDecision::GiveUp
}

#[test]
fn retries_by_idempotency_and_outcome() {
    use Idempotency::{Idempotent, NonIdempotent, Safe};
    for (outcome, maybe_applied, safe, idempotent, never) in [
        (Outcome::NoResponse(Sent::No), false, true, true, true),
        (Outcome::NoResponse(Sent::Maybe), true, true, true, false),
        (Outcome::Unprocessed, false, true, true, true),
        (error_response(429, Some("TooManyWrites")), false, true, true, true),
        (error_response(429, None), false, true, true, true),
        (error_response(421, Some("MisdirectedRequest")), false, true, true, true),
        (error_response(425, Some("TooEarly")), false, true, true, true),
        (conflict(), false, true, true, true),
        (error_response(503, Some("CommitterFullError")), false, true, true, true),
        (error_response(503, Some("VectorIndexTooLarge")), false, true, true, true),
        (error_response(503, Some("UpstreamConnectError")), false, true, true, true),
        (error_response(503, Some("SomethingNew")), true, true, true, false),
        (error_response(503, Some("InternalServerError")), true, false, false, false),
        (error_response(503, None), true, true, true, false),
        (error_response(502, None), true, true, true, false),
        (error_response(504, None), true, true, true, false),
        (error_response(408, None), true, true, true, false),
        (error_response(408, Some("ClientDisconnected")), true, true, true, false),
        (error_response(500, Some("InternalServerError")), true, true, true, false),
        (error_response(500, None), true, true, true, false),
        (error_response(520, None), true, true, true, false),
        (error_response(530, Some("SomethingNew")), true, true, true, false),
        // Permanent by definition.
        (error_response(501, None), true, false, false, false),
        (error_response(505, None), true, false, false, false),
        (error_response(511, None), true, false, false, false),
        // Nothing proves that the server rejected it: an upgrade, a success that is not the API's, redirects, a cache.
        (error_response(101, None), true, false, false, false),
        (error_response(200, None), true, false, false, false),
        (error_response(206, None), true, false, false, false),
        (error_response(301, None), true, false, false, false),
        (error_response(304, None), true, false, false, false),
        (error_response(308, None), true, false, false, false),
        (error_response(400, Some("BadJsonBody")), false, false, false, false),
        // A code proves something only with its own status.
        (error_response(500, Some("CommitterFullError")), true, true, true, false),
        (error_response(401, Some("BadAdminKey")), false, false, false, false),
        (error_response(403, Some("BadDeployKey")), false, false, false, false),
        (error_response(404, None), false, false, false, false),
        (error_response(409, Some("LogStreamAlreadyExists")), false, false, false, false),
        (Outcome::Final, false, false, false, false),
    ] {
        assert_eq!(outcome.maybe_applied(), maybe_applied, "{outcome:?}");
        assert_eq!(retries(Safe, &outcome), safe, "safe, {outcome:?}");
        assert_eq!(retries(Idempotent, &outcome), idempotent, "idempotent, {outcome:?}");
        assert_eq!(retries(NonIdempotent, &outcome), never, "never, {outcome:?}");
    }
}

#[test]
fn a_status_of_500_and_above_counts_as_500_unless_it_is_permanent_by_definition() {
    use Idempotency::{Idempotent, NonIdempotent, Safe};
    for status in 500..1000 {
        let outcome = error_response(status, None);
        let is_final = [501, 505, 506, 508, 510, 511].contains(&status);
        assert!(outcome.maybe_applied(), "{status}");
        assert_eq!([Safe, Idempotent].map(|idempotency| retries(idempotency, &outcome)), [!is_final; 2], "{status}");
        assert!(!retries(NonIdempotent, &outcome), "{status}");
    }
}

#[test]
fn not_committed_codes_are_unique_and_name_their_source() {
    let mut codes: Vec<_> = NOT_COMMITTED_CODES.iter().map(|(code, _)| code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), NOT_COMMITTED_CODES.len());
    for (code, source) in NOT_COMMITTED_CODES {
        assert!(retries(Idempotency::NonIdempotent, &error_response(503, Some(code))), "{code}");
        assert!(source.starts_with("crates/") && source.ends_with(".rs"), "{source}");
    }
}

#[test]
fn the_backoff_doubles_up_to_its_cap_and_is_scaled_by_jitter() {
    let policy = RetryPolicy::default().max_attempts(100).max_delay(Duration::from_secs(2));
    let delay = |attempts, jitter| {
        policy.decide(&operation(Idempotency::Safe), counts(attempts, 0), None, jitter, &Outcome::NoResponse(Sent::No))
    };
    assert_eq!(delay(1, 1.0), RetryDecision::RetryAfter(Duration::from_millis(100)));
    assert_eq!(delay(2, 1.0), RetryDecision::RetryAfter(Duration::from_millis(200)));
    assert_eq!(delay(2, 0.25), RetryDecision::RetryAfter(Duration::from_millis(50)));
    assert_eq!(delay(3, 0.0), RetryDecision::RetryAfter(Duration::ZERO));
    assert_eq!(delay(6, 1.0), RetryDecision::RetryAfter(Duration::from_secs(2)));
    assert_eq!(delay(99, 1.0), RetryDecision::RetryAfter(Duration::from_secs(2)));
    assert_eq!(delay(100, 1.0), RetryDecision::GiveUp);
}

#[test]
fn conflicts_and_failures_are_counted_separately() {
    let policy = RetryPolicy::default().max_conflicts(50);
    let decide = |attempts, conflicts, outcome: &Outcome| {
        policy.decide(&operation(Idempotency::Idempotent), counts(attempts, conflicts), None, 1.0, outcome)
    };
    let millis = |millis| RetryDecision::RetryAfter(Duration::from_millis(millis));
    assert_eq!(decide(1, 1, &conflict()), millis(100));
    assert_eq!(decide(4, 4, &conflict()), millis(800));
    assert_eq!(decide(5, 5, &conflict()), millis(1000), "at most the cap of conflicts");
    assert_eq!(decide(50, 50, &conflict()), millis(1000));
    assert_eq!(decide(51, 51, &conflict()), RetryDecision::GiveUp);
    // Forty conflicts leave all three attempts for failures, and the backoff of a first failure.
    assert_eq!(decide(41, 40, &Outcome::NoResponse(Sent::Maybe)), millis(100));
    assert_eq!(decide(43, 40, &Outcome::NoResponse(Sent::Maybe)), RetryDecision::GiveUp);
    // Two failures leave all conflicts.
    assert_eq!(decide(3, 1, &conflict()), millis(100));
    let never = RetryPolicy::never().decide(&operation(Idempotency::Safe), counts(1, 1), None, 1.0, &conflict());
    assert_eq!(never, RetryDecision::GiveUp);
}

#[test]
fn unprocessed_requests_are_counted_separately() {
    let policy = RetryPolicy::default().max_unprocessed(50);
    let decide = |attempts, unprocessed, outcome: &Outcome| {
        let counts = AttemptCounts { attempts, unprocessed, conflicts: 1 };
        policy.decide(&operation(Idempotency::NonIdempotent), counts, None, 1.0, outcome)
    };
    let millis = |millis| RetryDecision::RetryAfter(Duration::from_millis(millis));
    assert_eq!(decide(2, 1, &Outcome::Unprocessed), millis(100));
    assert_eq!(decide(6, 5, &Outcome::Unprocessed), millis(1000), "at most the cap of conflicts");
    assert_eq!(decide(51, 50, &Outcome::Unprocessed), millis(1000));
    assert_eq!(decide(52, 51, &Outcome::Unprocessed), RetryDecision::GiveUp);
    // They and a conflict leave all three attempts for failures.
    assert_eq!(decide(43, 40, &Outcome::NoResponse(Sent::No)), millis(200));
    assert_eq!(decide(44, 40, &Outcome::NoResponse(Sent::No)), RetryDecision::GiveUp);
    let never = RetryPolicy::never();
    let mut counts = AttemptCounts::default();
    counts.count(&Outcome::Unprocessed);
    assert_eq!(
        never.decide(&operation(Idempotency::Safe), counts, None, 1.0, &Outcome::Unprocessed),
        RetryDecision::GiveUp
    );
}

#[test]
fn honors_retry_after_up_to_its_cap_and_gives_up_after_a_longer_one() {
    let decide = |asked| {
        let outcome = Outcome::ErrorResponse {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: None,
            retry_after: Some(Duration::from_secs(asked)),
        };
        RetryPolicy::default().decide(&operation(Idempotency::NonIdempotent), counts(1, 0), None, 1.0, &outcome)
    };
    assert_eq!(decide(0), RetryDecision::RetryAfter(Duration::from_millis(100)));
    assert_eq!(decide(7), RetryDecision::RetryAfter(Duration::from_secs(7)));
    assert_eq!(decide(30), RetryDecision::RetryAfter(Duration::from_secs(30)));
    // An attempt before that time would get the same response.
    assert_eq!(decide(31), RetryDecision::GiveUp);
    assert_eq!(decide(86_400), RetryDecision::GiveUp);
    assert_eq!(decide(u64::MAX), RetryDecision::GiveUp);
}

#[test]
fn gives_up_if_the_delay_would_exceed_the_deadline() {
    let decide = |remaining| {
        let outcome = Outcome::NoResponse(Sent::No);
        RetryPolicy::default().decide(&operation(Idempotency::Safe), counts(1, 0), Some(remaining), 1.0, &outcome)
    };
    assert_eq!(decide(Duration::from_millis(100)), RetryDecision::GiveUp);
    assert_eq!(decide(Duration::from_millis(101)), RetryDecision::RetryAfter(Duration::from_millis(100)));
}

#[test]
fn reads_the_outcome_of_a_response() {
    let response = |status: u16, body: &str| {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Response::builder().status(status).header("retry-after", "3").body(body).unwrap()
    };
    let of = |response: &Response<Bytes>| Outcome::of(&operation(Idempotency::NonIdempotent), response);
    for success in ["", r#"{"a":1}"#, r#"[{"code":1}]"#] {
        assert_eq!(of(&response(200, success)), Outcome::Final, "{success}");
    }
    let unproven = |status| Outcome::ErrorResponse {
        status: StatusCode::from_u16(status).unwrap(),
        code: None,
        retry_after: None,
    };
    assert_eq!(of(&response(307, "")), unproven(307));
    assert_eq!(of(&response(206, "{}")), unproven(206));
    for other in ["<html>", "OK", "{a}", "\"a\"", r#"{"code":"Blocked"}"#] {
        assert_eq!(of(&response(200, other)), unproven(200), "{other}");
    }
    let without_reply = operation(Idempotency::NonIdempotent).empty_response();
    assert_eq!(Outcome::of(&without_reply, &response(200, "{}")), Outcome::Final);
    assert_eq!(Outcome::of(&without_reply, &response(200, "OK")), unproven(200));
    let retry_after = Some(Duration::from_secs(3));
    assert_eq!(
        of(&response(503, r#"{"code":"Busy","message":"m"}"#)),
        Outcome::ErrorResponse { status: StatusCode::SERVICE_UNAVAILABLE, code: Some("Busy".into()), retry_after }
    );
    assert_eq!(
        of(&response(502, "<html>")),
        Outcome::ErrorResponse { status: StatusCode::BAD_GATEWAY, code: None, retry_after }
    );
}

#[test]
fn counts_every_attempt_and_conflicts_and_unprocessed_ones_separately() {
    let mut counts = AttemptCounts::default();
    let mut counted = Vec::new();
    for outcome in [
        conflict(),
        Outcome::Unprocessed,
        Outcome::NoResponse(Sent::Maybe),
        conflict(),
        conflict(),
        error_response(503, Some("CommitterFullError")),
        Outcome::Unprocessed,
        Outcome::Final,
    ] {
        counts.count(&outcome);
        counted.push((counts.attempts, counts.conflicts, counts.unprocessed));
    }
    let expected = [(1, 1, 0), (2, 1, 1), (3, 1, 1), (4, 2, 1), (5, 3, 1), (6, 3, 1), (7, 3, 2), (8, 3, 2)];
    assert_eq!(counted, expected);
    let mut full = AttemptCounts { attempts: u32::MAX, conflicts: u32::MAX, unprocessed: 0 };
    full.count(&conflict());
    assert_eq!(full, AttemptCounts { attempts: u32::MAX, conflicts: u32::MAX, unprocessed: 0 });
}

#[test]
fn each_setter_sets_only_its_own_field() {
    let (count, delay) = (77, Duration::from_secs(77));
    // No field has its default, so a field that is reset is noticed.
    let odd = || RetryPolicy {
        max_attempts: 11,
        max_conflicts: 12,
        max_unprocessed: 13,
        base_delay: Duration::from_secs(14),
        max_delay: Duration::from_secs(15),
        max_conflict_delay: Duration::from_secs(16),
        max_retry_after: Duration::from_secs(17),
    };
    for (set, expected) in [
        (odd().max_attempts(count), RetryPolicy { max_attempts: count, ..odd() }),
        (odd().max_conflicts(count), RetryPolicy { max_conflicts: count, ..odd() }),
        (odd().max_unprocessed(count), RetryPolicy { max_unprocessed: count, ..odd() }),
        (odd().base_delay(delay), RetryPolicy { base_delay: delay, ..odd() }),
        (odd().max_delay(delay), RetryPolicy { max_delay: delay, ..odd() }),
        (odd().max_conflict_delay(delay), RetryPolicy { max_conflict_delay: delay, ..odd() }),
        (odd().max_retry_after(delay), RetryPolicy { max_retry_after: delay, ..odd() }),
    ] {
        assert_eq!(set, expected);
    }
}

/// Any duration, with the extremes more often than by chance.
fn durations() -> impl Strategy<Value = Duration> {
    let any = (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos));
    let ends = [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(u64::MAX), Duration::MAX];
    prop_oneof![any, prop::sample::select(ends.to_vec()), (0..100_000_u64).prop_map(Duration::from_millis)]
}

fn jitter() -> impl Strategy<Value = f64> {
    let odd = [
        0.0,
        -0.0,
        0.5,
        1.0,
        1.0 - f64::EPSILON / 2.0,
        2.0,
        -1.0,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    prop_oneof![any::<f64>(), 0.0..=1.0, prop::sample::select(odd.to_vec())]
}

proptest! {
    /// For any duration and any jitter, the delay respects the policy and the server's `Retry-After`.
    #[test]
    fn a_delay_never_exceeds_the_caps(
        attempts in any::<u32>(), conflicts in any::<u32>(), jitter in jitter(), left in prop::option::of(durations()),
        base in durations(), most in durations(), most_conflict in durations(), most_after in durations(),
        asked in prop::option::of(durations()),
    ) {
        let policy = RetryPolicy::default().max_attempts(u32::MAX).max_conflicts(u32::MAX).base_delay(base);
        let policy = policy.max_delay(most).max_conflict_delay(most_conflict).max_retry_after(most_after);
        let busy = Outcome::ErrorResponse { status: StatusCode::TOO_MANY_REQUESTS, code: None, retry_after: asked };
        for (outcome, most, asked) in [
            (busy, most, asked),
            (conflict(), most_conflict, None),
            (Outcome::NoResponse(Sent::No), most, None),
        ] {
            let decision = policy.decide(&operation(Idempotency::Safe), counts(attempts, conflicts), left, jitter, &outcome);
            if let RetryDecision::RetryAfter(delay) = decision {
                prop_assert!(delay <= most.max(asked.unwrap_or_default()));
                prop_assert!(asked.is_none_or(|asked| asked <= delay && asked <= most_after));
                prop_assert!(left.is_none_or(|left| delay < left));
            }
        }
    }
}
