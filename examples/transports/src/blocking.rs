//! A blocking client over ureq, with the library's retries and a deadline.

use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::thread::sleep;
use std::time::{Duration, Instant};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::proto::{CallError, Outcome, RetryDecision, RetryState};
use convex_mgmt::{DeploymentApi, Endpoint, Operation, RetryBudget, RetryPolicy, Sent};
use ureq::{Agent, Error};

/// A client of one deployment.
pub struct Blocking {
    agent: Agent,
    endpoint: Endpoint<DeploymentApi>,
    timeouts: (Duration, Duration),
    budget: RetryBudget,
}

impl Blocking {
    /// Creates a client with the longest time of one attempt, and of a call with all its attempts.
    pub fn new(endpoint: Endpoint<DeploymentApi>, timeouts: (Duration, Duration)) -> Self {
        // The library reads statuses and redirects itself.
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        Self { agent, endpoint, timeouts, budget: RetryBudget::default() }
    }

    /// Sends an operation, with retries, and returns its output.
    ///
    /// # Errors
    /// A [`CallError`] with the effect of the failed call.
    pub fn call<O: Operation<Api = DeploymentApi>>(&self, operation: &O) -> Result<O::Output, CallError<Error>> {
        let request = operation.to_request(&self.endpoint).map_err(|error| CallError::build(O::META, error))?;
        let mut state = RetryState::new(O::META, RetryPolicy::default(), self.timeouts.1);
        let started = Instant::now();
        loop {
            let left = state.remaining(started.elapsed()).unwrap_or(Duration::MAX);
            let result = self.send(request.clone(), left.min(self.timeouts.0));
            let outcome = result.as_ref().map_or_else(failure, |response| Outcome::of(O::META, response));
            let jitter = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
            match state.after(&outcome, started.elapsed(), jitter, &self.budget) {
                RetryDecision::RetryAfter(delay) => sleep(delay),
                _ => return Ok(state.finish::<O, _>(result)?.output),
            }
        }
    }

    fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, Error> {
        let request = self.agent.configure_request(request.map(Vec::from)).timeout_global(Some(timeout)).build();
        let (parts, mut body) = self.agent.run(request)?.into_parts();
        Ok(Response::from_parts(parts, body.with_config().limit(256 << 20).read_to_vec()?.into()))
    }
}

/// Returns whether the request may have been sent, and whether a retry can help.
fn failure(error: &Error) -> Outcome {
    match error {
        Error::HostNotFound | Error::ConnectionFailed | Error::TlsRequired => Outcome::NoResponse(Sent::No),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => Outcome::NoResponse(Sent::No),
        Error::BodyExceedsLimit(_) => Outcome::NotRetryable(Sent::Maybe),
        _ => Outcome::NoResponse(Sent::Maybe),
    }
}
