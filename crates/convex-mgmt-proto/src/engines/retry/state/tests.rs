//! Calls over a scripted transport.

use http::StatusCode;
use proptest::prelude::*;

use super::*;
use crate::deployment::{CreateLogStream, DeleteLogStream, ListEnvironmentVariables, UpdateUsageLimit};
use crate::engines::retry::Applied;
use crate::error::ErrorCode;
use crate::management::CreateDeployKey;
use crate::metadata::Idempotency;
use crate::response::ResponseError;

const SECOND: Duration = Duration::from_secs(1);
const CONFLICT: &str = r#"{"code":"OptimisticConcurrencyControlFailure","message":"m"}"#;
const NOT_FOUND: &str = r#"{"code":"LogStreamDoesntExist","message":"m"}"#;
const DENIED: &str = r#"{"code":"BadDeployKey","message":"m"}"#;
const LISTED: &str = r#"{"environmentVariables":{}}"#;

/// The end of one attempt.
#[derive(Clone, Debug)]
enum End {
    Response(u16, &'static str),
    Error(Outcome),
}

const RESET: End = End::Error(Outcome::NoResponse(Sent::Maybe));
const REFUSED: End = End::Error(Outcome::NoResponse(Sent::No));

impl End {
    fn result(&self) -> Result<Response<Bytes>, &'static str> {
        match self {
            Self::Response(status, body) => {
                Ok(Response::builder().status(*status).body(Bytes::from_static(body.as_bytes())).unwrap())
            }
            Self::Error(_) => Err("the line is dead"),
        }
    }

    fn outcome(&self, operation: &'static OperationMeta) -> Outcome {
        match self {
            Self::Response(..) => Outcome::of(operation, &self.result().unwrap()),
            Self::Error(outcome) => outcome.clone(),
        }
    }
}

/// Sends an operation over a transport that ends its attempts so, one second each. The script has to be long enough.
fn call<O: Operation>(ends: &[End]) -> Result<Reply<O::Output>, CallError<&'static str>> {
    let mut state = RetryState::new(O::META, RetryPolicy::default(), None);
    let budget = RetryBudget::default();
    let mut elapsed = Duration::ZERO;
    for (attempt, end) in (1..).zip(ends) {
        elapsed += SECOND;
        let decision = state.after(&end.outcome(O::META), elapsed, 0.0, &budget);
        assert_eq!(state.attempts(), attempt);
        if decision == RetryDecision::GiveUp {
            assert_eq!(ends.len(), attempt as usize, "the call ends too early");
            return state.finish::<O, _>(end.result());
        }
    }
    panic!("the call goes on after {ends:?}");
}

fn error<O: Operation<Output: std::fmt::Debug>>(ends: &[End]) -> CallError<&'static str> {
    call::<O>(ends).unwrap_err()
}

#[test]
fn retries_until_a_success_and_returns_it() {
    let ends = [RESET, End::Response(500, ""), End::Response(200, LISTED)];
    let reply = call::<ListEnvironmentVariables>(&ends).unwrap();
    assert_eq!((reply.status, reply.already_deleted), (StatusCode::OK, false));
    call::<CreateLogStream>(&[
        REFUSED,
        End::Response(503, CONFLICT),
        End::Response(200, r#"{"logStreamType":"axiom","id":"x"}"#),
    ])
    .unwrap();
}

#[test]
fn a_deletion_that_finds_nothing_succeeds_only_after_an_attempt_that_may_have_taken_effect() {
    let not_found = End::Response(404, NOT_FOUND);
    for earlier in [RESET, End::Response(500, ""), End::Response(503, "<html>"), End::Response(408, "")] {
        let reply = call::<DeleteLogStream>(&[earlier.clone(), not_found.clone()]).unwrap();
        assert!(reply.already_deleted, "{earlier:?}");
        let reply = call::<DeleteLogStream>(&[earlier.clone(), REFUSED, not_found.clone()]).unwrap();
        assert!(reply.already_deleted, "{earlier:?}");
    }
    for earlier in [REFUSED, End::Response(503, CONFLICT), End::Response(429, ""), End::Error(Outcome::Unprocessed)] {
        let error = error::<DeleteLogStream>(&[earlier.clone(), not_found.clone()]);
        assert_eq!((error.applied(), error.attempts()), (Applied::No, 2), "{earlier:?}");
        assert_eq!(error.code(), Some(&ErrorCode::LogStreamDoesntExist));
    }
    let error = error::<DeleteLogStream>(&[not_found]);
    assert_eq!((error.applied(), error.verify_with()), (Applied::No, None));
}

#[test]
fn an_error_distinguishes_no_effect_an_unknown_one_and_a_lost_result() {
    let unreadable = End::Response(200, r#"{"usageLimit":{}}"#);
    let page = End::Response(200, "<html>");
    let not_retryable = |sent| End::Error(Outcome::NotRetryable(sent));
    for (ends, applied, sent) in [
        (vec![REFUSED, REFUSED, REFUSED], Applied::No, Sent::No),
        (vec![not_retryable(Sent::No)], Applied::No, Sent::No),
        (vec![End::Response(403, DENIED)], Applied::No, Sent::Maybe),
        (vec![REFUSED, End::Response(403, DENIED)], Applied::No, Sent::Maybe),
        (vec![RESET, End::Response(403, DENIED)], Applied::Maybe, Sent::Maybe),
        (vec![RESET, REFUSED, REFUSED], Applied::Maybe, Sent::Maybe),
        (vec![RESET, not_retryable(Sent::No)], Applied::Maybe, Sent::Maybe),
        (vec![not_retryable(Sent::Maybe)], Applied::Maybe, Sent::Maybe),
        (vec![page.clone()], Applied::Maybe, Sent::Maybe),
        (vec![unreadable.clone()], Applied::Yes, Sent::Maybe),
        (vec![RESET, unreadable], Applied::Yes, Sent::Maybe),
        (vec![RESET, page], Applied::Maybe, Sent::Maybe),
    ] {
        let error = error::<UpdateUsageLimit>(&ends);
        assert_eq!((error.applied(), error.sent()), (applied, sent), "{ends:?}");
        let expected = (applied != Applied::No).then_some("list_usage_limits");
        assert_eq!(error.verify_with(), expected, "{ends:?}");
        assert_eq!(error.elapsed(), SECOND * error.attempts(), "{ends:?}");
        assert_eq!(error.operation().id, "update_usage_limit");
    }
    let error = error::<ListEnvironmentVariables>(&[RESET, RESET, RESET]);
    assert_eq!((error.applied(), error.sent()), (Applied::No, Sent::Maybe), "a read has no effect");
}

#[test]
fn the_text_of_an_error_says_what_is_known_and_what_to_do() {
    let check = "call list_log_streams to check";
    for (ends, text) in [
        (vec![RESET], format!("create_log_stream: the line is dead; the operation may have taken effect; {check}")),
        (vec![REFUSED, RESET], format!("; the operation may have taken effect; {check} (2 attempts in 2.0 s)")),
        (vec![REFUSED; 3], "the line is dead; nothing was sent (3 attempts in 3.0 s)".to_owned()),
        (vec![End::Response(200, "")], "; it took effect; call list_log_streams to find the result".to_owned()),
    ] {
        let shown = error::<CreateLogStream>(&ends).to_string();
        assert!(shown.contains(&text), "{shown}");
        assert!(!shown.contains("\"m\""), "{shown}");
    }
    let shown = error::<CreateDeployKey>(&[End::Response(200, "")]).to_string();
    let text = "; it took effect; call list_deploy_keys to find the result and delete it: its secret is lost";
    assert!(shown.ends_with(text), "{shown}");
    let shown = error::<DeleteLogStream>(&[RESET, End::Response(403, DENIED)]).to_string();
    assert!(shown.contains(&format!("; an earlier attempt may have taken effect; {check} (2 attempts")), "{shown}");
    let build = crate::error::BuildError::Json { operation: "create_log_stream" };
    let error = CallError::<&str>::build(<CreateLogStream>::META, build);
    assert_eq!((error.attempts(), error.sent(), error.applied()), (0, Sent::No, Applied::No));
    assert!(error.to_string().ends_with("; nothing was sent"), "{error}");
}

#[test]
fn a_result_without_a_recorded_attempt_may_have_been_sent() {
    let state = || RetryState::new(<CreateLogStream>::META, RetryPolicy::never(), None);
    let lost = state().finish::<CreateLogStream, _>(Err("the line is dead")).unwrap_err();
    assert_eq!((lost.attempts(), lost.sent(), lost.applied()), (1, Sent::Maybe, Applied::Maybe));
    let denied = state().finish::<CreateLogStream, _>(End::Response(403, DENIED).result()).unwrap_err();
    assert_eq!((denied.attempts(), denied.sent(), denied.applied()), (1, Sent::Maybe, Applied::No));
}

#[test]
fn a_success_that_is_not_the_apis_leaves_the_outcome_of_a_create_unknown() {
    let error = error::<CreateLogStream>(&[End::Response(200, "<html>")]);
    assert_eq!(error.applied(), Applied::Maybe);
    assert!(matches!(error.into_cause(), CallErrorCause::Response(ResponseError::Decode(_))));
}

#[test]
fn a_request_of_an_unknown_operation_is_never_retried() {
    let known = RetryState::new(ListEnvironmentVariables::META, RetryPolicy::default(), None);
    assert_eq!(known.operation(), Some(ListEnvironmentVariables::META));
    let mut state = RetryState::new(None, RetryPolicy::default(), None);
    assert_eq!(state.operation(), None);
    assert!(!state.may_retry());
    let decision = state.after(&Outcome::Unprocessed, SECOND, 0.0, &RetryBudget::default());
    assert_eq!((decision, state.attempts(), state.sent()), (RetryDecision::GiveUp, 1, Sent::No));
}

#[test]
fn a_retry_is_possible_if_the_policy_allows_one_of_any_kind() {
    let may_retry = |policy| RetryState::new(ListEnvironmentVariables::META, policy, None).may_retry();
    assert!(may_retry(RetryPolicy::default()));
    assert!(!may_retry(RetryPolicy::never()));
    assert!(may_retry(RetryPolicy::never().max_attempts(2)));
    assert!(may_retry(RetryPolicy::never().max_conflicts(1)));
    assert!(may_retry(RetryPolicy::never().max_unprocessed(1)));
}

#[test]
fn only_successes_of_the_api_refill_the_budget() {
    let budget = RetryBudget::new(RetryBudget::COST);
    assert!(budget.withdraw());
    let after = |end: End| {
        let mut state = RetryState::new(ListEnvironmentVariables::META, RetryPolicy::default(), None);
        state.after(&end.outcome(ListEnvironmentVariables::META), SECOND, 0.0, &budget)
    };
    for _ in 0..RetryBudget::COST {
        assert_eq!(after(RESET), RetryDecision::GiveUp);
        assert_eq!(after(End::Response(200, "<html>")), RetryDecision::GiveUp);
        assert_eq!(after(End::Error(Outcome::NotRetryable(Sent::No))), RetryDecision::GiveUp);
        assert!(!budget.is_full());
        after(End::Response(200, LISTED));
    }
    assert!(budget.is_full());
    assert_eq!(after(RESET), RetryDecision::RetryAfter(Duration::ZERO));
    // Conflicts and unprocessed requests do not need it.
    assert_eq!(after(End::Response(503, CONFLICT)), RetryDecision::RetryAfter(Duration::ZERO));
    assert_eq!(after(End::Error(Outcome::Unprocessed)), RetryDecision::RetryAfter(Duration::ZERO));
}

fn ends() -> impl Strategy<Value = End> {
    let responses = [
        (200, LISTED),
        (200, ""),
        (200, "<html>"),
        (307, ""),
        (404, NOT_FOUND),
        (403, DENIED),
        (408, ""),
        (429, ""),
        (500, ""),
        (501, ""),
        (503, CONFLICT),
        (503, ""),
    ];
    let errors = [
        Outcome::NoResponse(Sent::No),
        Outcome::NoResponse(Sent::Maybe),
        Outcome::NotRetryable(Sent::No),
        Outcome::NotRetryable(Sent::Maybe),
        Outcome::Unprocessed,
    ];
    prop_oneof![
        prop::sample::select(responses.to_vec()).prop_map(|(status, body)| End::Response(status, body)),
        prop::sample::select(errors.to_vec()).prop_map(End::Error),
        // Those that are retried, more often than chance has them.
        Just(End::Response(503, CONFLICT)),
        Just(REFUSED),
        Just(RESET),
    ]
}

/// The attempts of a call, each with the time that it takes, in milliseconds.
fn scripts() -> impl Strategy<Value = Vec<(End, u64)>> {
    prop::collection::vec((ends(), 0..400_u64), 1..40)
}

fn policies() -> impl Strategy<Value = RetryPolicy> {
    (0..6_u32, 0..6_u32, 0..6_u32).prop_map(|(attempts, conflicts, unprocessed)| {
        let policy = RetryPolicy::default().max_attempts(attempts).max_conflicts(conflicts);
        policy.max_unprocessed(unprocessed)
    })
}

const OPERATIONS: [&OperationMeta; 3] =
    [ListEnvironmentVariables::META, DeleteLogStream::META, <CreateLogStream>::META];

proptest! {
    /// The counts, the budget and the time are respected, and no operation is executed twice that must not be.
    #[test]
    fn a_call_stays_within_its_limits(
        script in scripts(), policy in policies(), operation in prop::sample::select(OPERATIONS.to_vec()),
        total in prop::option::of(0..3000_u64), jitter in 0.0..=1.0, capacity in 0..30_u32,
    ) {
        let total = total.map(Duration::from_millis);
        let budget = RetryBudget::new(capacity);
        let mut state = RetryState::new(operation, policy.clone(), total);
        let (mut elapsed, mut retried) = (Duration::ZERO, Vec::new());
        let (mut sent, mut earlier) = (Sent::No, false);
        for (attempt, (end, millis)) in (1_u32..).zip(&script) {
            elapsed += Duration::from_millis(*millis);
            let outcome = end.outcome(operation);
            let decision = state.after(&outcome, elapsed, jitter, &budget);
            if outcome.sent() == Sent::Maybe {
                sent = Sent::Maybe;
            }
            prop_assert_eq!((state.attempts(), state.sent()), (attempt, sent));
            let RetryDecision::RetryAfter(delay) = decision else {
                prop_assert_eq!(state.earlier_maybe_applied(), earlier);
                break;
            };
            earlier |= outcome.maybe_applied();
            prop_assert_eq!(state.earlier_maybe_applied(), earlier);
            prop_assert!(operation.idempotency != Idempotency::NonIdempotent || !earlier, "{:?}", end);
            prop_assert!(state.may_retry());
            // A wait leaves time for another attempt.
            prop_assert!(total.is_none_or(|total| elapsed + delay < total));
            retried.push(outcome);
            elapsed += delay;
            prop_assert_eq!(state.remaining(elapsed), total.map(|total| total - elapsed));
        }
        let count = |matches: &dyn Fn(&Outcome) -> bool| retried.iter().filter(|outcome| matches(outcome)).count() as u32;
        let (conflicts, unprocessed) =
            (count(&Outcome::is_conflict), count(&|outcome| *outcome == Outcome::Unprocessed));
        let failures = retried.len() as u32 - conflicts - unprocessed;
        prop_assert!(conflicts <= policy.max_conflicts && unprocessed <= policy.max_unprocessed);
        prop_assert!(failures < policy.max_attempts.max(1));
        prop_assert!(failures * RetryBudget::COST <= capacity);
    }

    /// The result of a deletion agrees with what its attempts prove.
    #[test]
    fn the_end_of_a_deletion_agrees_with_its_attempts(script in prop::collection::vec(ends(), 1..8)) {
        let mut state = RetryState::new(DeleteLogStream::META, RetryPolicy::default().max_attempts(4), None);
        let budget = RetryBudget::default();
        let mut earlier = false;
        for end in script {
            let outcome = end.outcome(DeleteLogStream::META);
            if state.after(&outcome, SECOND, 0.0, &budget) != RetryDecision::GiveUp {
                earlier |= outcome.maybe_applied();
                continue;
            }
            let is_not_found = matches!(end, End::Response(404, _));
            match state.finish::<DeleteLogStream, _>(end.result()) {
                Ok(reply) => {
                    prop_assert_eq!(reply.already_deleted, is_not_found);
                    prop_assert!(outcome == Outcome::Final || is_not_found && earlier);
                }
                Err(error) => {
                    let expected = if earlier || outcome.maybe_applied() { Applied::Maybe } else { Applied::No };
                    prop_assert_eq!(error.applied(), expected, "{:?}", end);
                    prop_assert!(!(is_not_found && earlier) && outcome != Outcome::Final);
                }
            }
            break;
        }
    }
}
