//! The blocking transport of the README, run unchanged.

use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::{Duration, Instant};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::http::{Request, Response};
use convex_mgmt::proto::{CallError, Outcome, RetryDecision, RetryState};
use convex_mgmt::{DeployKey, Endpoint, ErrorCode, Operation, RetryBudget, RetryPolicy, Sent};
use convex_mgmt_fake::{Fake, Fault};

fn jitter() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

type BoxError = Box<dyn std::error::Error>;

// As in the README: begin
fn call<O: Operation>(
    (agent, budget): (&ureq::Agent, &RetryBudget),
    at: &Endpoint<O::Api>,
    operation: &O,
) -> Result<O::Output, BoxError> {
    let request = operation.to_request(at)?.map(Vec::from);
    let mut state = RetryState::new(O::META, RetryPolicy::default(), Duration::from_secs(90));
    let started = Instant::now();
    loop {
        let result = send(agent, request.clone());
        let outcome =
            result.as_ref().map_or(Outcome::NoResponse(Sent::Maybe), |response| Outcome::of(O::META, response));
        match state.after(&outcome, started.elapsed(), jitter(), budget) {
            RetryDecision::RetryAfter(delay) => sleep(delay),
            _ => return Ok(state.finish::<O, _>(result)?.output),
        }
    }
}

fn send(agent: &ureq::Agent, request: Request<Vec<u8>>) -> Result<Response<Bytes>, ureq::Error> {
    let (parts, mut body) = agent.run(request)?.into_parts();
    Ok(Response::from_parts(parts, body.with_config().limit(8 << 20).read_to_vec()?.into()))
}
// As in the README: end

#[test]
fn a_blocking_transport_is_a_function() {
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").build();
    let running = fake.serve_in_background("127.0.0.1:0").unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let budget = RetryBudget::default();
    let at = |key: &str| Endpoint::new(&running.url(), &DeployKey::parse(key).unwrap()).unwrap();

    call((&agent, &budget), &at("happy-animal-123|01c0ffee"), &UpdateEnvironmentVariables::new().set("A", "1"))
        .unwrap();
    let listed = call((&agent, &budget), &at("happy-animal-123|01c0ffee"), &ListEnvironmentVariables::new()).unwrap();
    assert_eq!(listed.get("A").unwrap().expose(), "1");

    let error = call((&agent, &budget), &at("happy-animal-123|01ff"), &ListEnvironmentVariables::new()).unwrap_err();
    let error = error.downcast_ref::<CallError<ureq::Error>>().unwrap();
    assert_eq!((error.code(), error.attempts()), (Some(&ErrorCode::BadAdminKey), 1));

    // Two attempts fail, and the third succeeds.
    fake.fault(Fault::code(500, "InternalServerError"));
    fake.fault(Fault::LostResponse);
    call((&agent, &budget), &at("happy-animal-123|01c0ffee"), &ListEnvironmentVariables::new()).unwrap();
}

#[test]
fn the_readme_contains_this_function() {
    let here = include_str!("readme.rs");
    let begin = here.find("// As in the README: begin\n").unwrap() + "// As in the README: begin\n".len();
    let end = here.find("// As in the README: end").unwrap();
    let function = &here[begin..end];
    assert!(function.starts_with("fn call<O: Operation>") && function.lines().count() <= 25);
    assert!(include_str!("../README.md").contains(function));
}
