//! The blocking transport with retries of `docs/transports.md`, against the fake.

use convex_mgmt::deployment::log_streams::{NewWebhook, WebhookFormat};
use convex_mgmt::deployment::{CreateLogStream, DeleteLogStream, ListLogStreams};
use convex_mgmt::proto::CallErrorCause;
use convex_mgmt::{DeployKey, ErrorCode};
use convex_mgmt_fake::{Fake, FakeServer, Fault, Plan};

// As in docs/transports.md: begin
use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::{Duration, Instant};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::http;
use convex_mgmt::proto::{Applied, CallError, Outcome, RetryDecision, RetryState};
use convex_mgmt::{DeploymentApi, Endpoint, Operation, RetryBudget, RetryPolicy, Sent};

struct Blocking {
    agent: ureq::Agent,
    endpoint: Endpoint<DeploymentApi>,
    budget: RetryBudget,
}

impl Blocking {
    fn new(endpoint: Endpoint<DeploymentApi>) -> Self {
        // The library reads statuses and redirects itself. The timeout is that of one attempt.
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = config.timeout_global(Some(Duration::from_secs(30))).build().into();
        Self { agent, endpoint, budget: RetryBudget::default() }
    }

    fn call<O: Operation<Api = DeploymentApi>>(&self, operation: &O) -> Result<O::Output, CallError<ureq::Error>> {
        let request = operation.to_request(&self.endpoint).map_err(|error| CallError::build(O::META, error))?;
        let mut state = RetryState::new(O::META, RetryPolicy::default(), Duration::from_secs(90));
        let started = Instant::now();
        loop {
            let result = self.send(request.clone());
            let outcome = match &result {
                Ok(response) => Outcome::of(O::META, response),
                Err(error) => no_response(error),
            };
            let jitter = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
            match state.after(&outcome, started.elapsed(), jitter, &self.budget) {
                RetryDecision::RetryAfter(delay) => sleep(delay),
                _ => return Ok(state.finish::<O, _>(result)?.output),
            }
        }
    }

    fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, ureq::Error> {
        let (parts, mut body) = self.agent.run(request.map(Vec::from))?.into_parts();
        let body = body.with_config().limit(8 << 20).read_to_vec()?;
        Ok(http::Response::from_parts(parts, body.into()))
    }
}

/// Returns whether the request may have been sent, and whether a retry can help.
fn no_response(error: &ureq::Error) -> Outcome {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => Outcome::NoResponse(Sent::No),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => Outcome::NoResponse(Sent::No),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Outcome::NoResponse(Sent::No)
        }
        ureq::Error::BodyExceedsLimit(_) => Outcome::NotRetryable(Sent::Maybe),
        _ => Outcome::NoResponse(Sent::Maybe),
    }
}

fn set_greeting(blocking: &Blocking) -> Result<(), CallError<ureq::Error>> {
    match blocking.call(&UpdateEnvironmentVariables::new().set("GREETING", "hi")) {
        // An attempt may have taken effect. `verify_with` names the operation that shows it.
        Err(error) if error.applied() == Applied::Maybe => {
            assert_eq!(error.verify_with(), Some("list_environment_variables"));
            let variables = blocking.call(&ListEnvironmentVariables::new())?;
            let is_set = variables.get("GREETING").is_some_and(|value| value.expose() == "hi");
            if is_set { Ok(()) } else { Err(error) }
        }
        result => result,
    }
}
// As in docs/transports.md: end

const KEY: &str = "happy-animal-123|01c0ffee";

/// Serves a deployment until the server is dropped.
fn served() -> (Fake, FakeServer, Blocking) {
    let fake = Fake::builder("happy-animal-123").admin_key(KEY).plan(Plan::default()).build();
    let server = fake.serve_in_background("127.0.0.1:0").unwrap();
    let blocking = Blocking::new(endpoint(&server.url()));
    (fake, server, blocking)
}

fn endpoint(url: &str) -> Endpoint<DeploymentApi> {
    Endpoint::new(url, &DeployKey::parse(KEY).unwrap()).unwrap()
}

fn greeting(blocking: &Blocking) -> Option<String> {
    let variables = blocking.call(&ListEnvironmentVariables::new()).unwrap();
    variables.get("GREETING").map(|value| value.expose().to_owned())
}

#[test]
fn retries_reads_and_updates() {
    let (fake, _server, blocking) = served();
    fake.fault(Fault::Reset);
    assert_eq!(greeting(&blocking), None);
    fake.fault(Fault::LostResponse);
    set_greeting(&blocking).unwrap();
    assert_eq!(greeting(&blocking).as_deref(), Some("hi"));
}

#[test]
fn verifies_an_update_with_an_unknown_outcome() {
    let (fake, _server, blocking) = served();
    for fault in [Fault::LostResponse, Fault::LostResponse, Fault::LostResponse] {
        fake.fault(fault);
    }
    set_greeting(&blocking).unwrap();
    // These attempts are not executed.
    blocking.call(&UpdateEnvironmentVariables::new().delete("GREETING")).unwrap();
    for fault in [Fault::Reset, Fault::Reset, Fault::Reset] {
        fake.fault(fault);
    }
    let error = set_greeting(&blocking).unwrap_err();
    assert_eq!((error.attempts(), error.sent(), error.applied()), (3, Sent::Maybe, Applied::Maybe));
    assert!(error.to_string().contains("call list_environment_variables to check (3 attempts in "), "{error}");
    assert!(matches!(error.cause(), CallErrorCause::Transport(_)));
}

#[test]
fn retries_a_delete_but_not_a_create_that_may_have_taken_effect() {
    let (fake, _server, blocking) = served();
    let create = CreateLogStream::new(NewWebhook::new("https://example.com/logs", WebhookFormat::Json));
    fake.fault(Fault::LostResponse);
    let error = blocking.call(&create).unwrap_err();
    assert_eq!((error.attempts(), error.applied()), (1, Applied::Maybe));
    assert_eq!(error.verify_with(), Some("list_log_streams"));
    let streams = blocking.call(&ListLogStreams::new()).unwrap();
    assert_eq!(streams.len(), 1);
    // The retry finds nothing, because the first attempt deleted the stream.
    let delete = DeleteLogStream::new(streams[0].id.clone());
    fake.fault(Fault::LostResponse);
    blocking.call(&delete).unwrap();
    assert_eq!(blocking.call(&delete).unwrap_err().code(), Some(&ErrorCode::LogStreamDoesntExist));
}

#[test]
fn an_error_states_the_rejection_or_that_nothing_was_sent() {
    let (fake, server, blocking) = served();
    fake.fault(Fault::code(403, "OperationNotPermitted"));
    let error = blocking.call(&ListEnvironmentVariables::new()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(&ErrorCode::OperationNotPermitted), 1));
    let error = blocking.call(&UpdateEnvironmentVariables::new().set("9", "x")).unwrap_err();
    assert!(matches!(error.cause(), CallErrorCause::Build(_)), "{error}");
    let url = server.url();
    drop(server);
    let error = Blocking::new(endpoint(&url)).call(&ListEnvironmentVariables::new()).unwrap_err();
    assert_eq!((error.attempts(), error.sent(), error.applied()), (3, Sent::No, Applied::No), "{error:?}");
}

#[test]
fn the_guide_contains_this_code() {
    let here = include_str!("blocking.rs");
    let begin =
        here.find("// As in docs/transports.md: begin\n").unwrap() + "// As in docs/transports.md: begin\n".len();
    let end = here.find("// As in docs/transports.md: end").unwrap();
    assert!(include_str!("../../../docs/transports.md").contains(&here[begin..end]));
}
