//! [`Fake`]: the deployment as a tower service, with its faults and its record of requests.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower::{Service, ServiceExt};

use crate::control;
use crate::error::refusal;
use crate::faults::Fault;
use crate::knobs::Knobs;
use crate::plan::Plan;
use crate::router::router;
use crate::state::{AuditEntry, Deployment, Shared};
use crate::usage;

/// Builds a [`Fake`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct FakeBuilder(Deployment);

impl FakeBuilder {
    /// Accepts this key for everything. It has to name the deployment to be of use.
    pub fn admin_key(mut self, key: impl Into<String>) -> Self {
        self.0.keys.full.push(key.into());
        self
    }

    /// Accepts this key for what a read-only admin key may do.
    pub fn read_only_key(mut self, key: impl Into<String>) -> Self {
        self.0.keys.read_only.push(key.into());
        self
    }

    /// Accepts this key of the system, which stands above all permissions. It has to name the deployment to be of use.
    pub fn system_key(mut self, key: impl Into<String>) -> Self {
        self.0.keys.system.push(key.into());
        self
    }

    /// Accepts this cloud token for these actions, or for everything if there are none.
    pub fn token<A: Into<String>>(mut self, key: impl Into<String>, actions: impl IntoIterator<Item = A>) -> Self {
        self.0.keys.tokens.push(Some((key.into(), actions.into_iter().map(Into::into).collect())));
        self
    }

    /// Knows this JWT of an end user.
    pub fn end_user(mut self, jwt: impl Into<String>) -> Self {
        self.0.keys.end_users.push(jwt.into());
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.variables.insert(name.into(), value.into());
        self
    }

    /// The deployed app declares this variable as required.
    pub fn required_variable(mut self, name: impl Into<String>) -> Self {
        self.0.app.required.insert(name.into());
        self
    }

    /// The deployed app takes only these values for this variable.
    pub fn accepted_values<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.0.app.accepted.insert(name.into(), values.into_iter().map(Into::into).collect());
        self
    }

    /// The deployed app's auth config reads this variable.
    pub fn auth_config_variable(mut self, name: impl Into<String>) -> Self {
        self.0.app.auth_config.insert(name.into());
        self
    }

    /// Changes the server's settings.
    pub fn knobs(mut self, knobs: Knobs) -> Self {
        self.0.knobs = knobs;
        self
    }

    /// Makes it a cloud deployment with this record.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.0.plan = Some(plan);
        self
    }

    /// Builds it.
    pub fn build(self) -> Fake {
        let state = Shared::new(self.0);
        Fake { router: router(state.clone()), state }
    }
}

/// An in-memory deployment. A clone is the same deployment.
#[derive(Clone)]
pub struct Fake {
    router: Router,
    pub(crate) state: Shared,
}

impl Fake {
    /// A deployment of this name, that knows no key yet.
    pub fn builder(name: impl Into<String>) -> FakeBuilder {
        FakeBuilder(Deployment { name: name.into(), ..Deployment::default() })
    }

    /// Lets the next request fail in this way. Faults are used up one by one, in the order they were added.
    pub fn fault(&self, fault: Fault) {
        self.state.faults().push(None, fault);
    }

    /// Lets the next request whose path ends so fail in this way.
    pub fn fault_at(&self, path: impl Into<String>, fault: Fault) {
        self.state.faults().push(Some(path.into()), fault);
    }

    /// Lets each request fail with this probability, from 0 to 1, in one of these ways, unless a fault was ordered for it.
    /// The same seed draws the same sequence. No ways, or a probability of 0, end it.
    pub fn fault_rate(&self, probability: f64, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults().set_rate(probability, seed, faults.into_iter().collect());
    }

    /// The environment variables as they are now.
    pub fn variables(&self) -> Vec<(String, String)> {
        let deployment = self.state.deployment();
        deployment.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Sets an environment variable, as someone else would, unseen by the audit log.
    pub fn set_variable(&self, name: impl Into<String>, value: impl Into<String>) {
        self.state.deployment().variables.insert(name.into(), value.into());
    }

    /// Deletes an environment variable without an entry in the audit log. Returns whether it existed.
    pub fn remove_variable(&self, name: &str) -> bool {
        self.state.deployment().variables.remove(name).is_some()
    }

    /// Accepts another admin key from now on. Its name has to be the deployment's.
    pub fn add_admin_key(&self, key: impl Into<String>) {
        self.state.deployment().keys.full.push(key.into());
    }

    /// Accepts another read-only admin key from now on. Its name has to be the deployment's.
    pub fn add_read_only_key(&self, key: impl Into<String>) {
        self.state.deployment().keys.read_only.push(key.into());
    }

    /// Accepts another cloud token from now on, for these actions, or for everything if there are none.
    pub fn add_token<A: Into<String>>(&self, key: impl Into<String>, actions: impl IntoIterator<Item = A>) {
        let token = (key.into(), actions.into_iter().map(Into::into).collect());
        self.state.deployment().keys.tokens.push(Some(token));
    }

    /// Revokes a key, a token or the JWT of an end user: requests with it get a 401 from now on. Keys are compared by the
    /// part after `|`. Returns whether it was known.
    pub fn revoke_key(&self, key: &str) -> bool {
        self.state.deployment().keys.revoke(key)
    }

    /// The deployment's clock.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.state.deployment().now()
    }

    /// Puts the deployment's clock forward.
    pub fn advance_clock(&self, time: Duration) {
        let mut deployment = self.state.deployment();
        deployment.clock_ahead += time;
        usage::time_passed(&mut deployment, time);
    }

    /// The audit log as it is now.
    pub fn audit_log(&self) -> Vec<AuditEntry> {
        self.state.deployment().audit.clone()
    }

    /// Every request that came, those that met a fault included.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.requests().clone()
    }

    /// Answers a request, or resets the connection.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Result<Response, ConnectionReset> {
        if request.uri().path().starts_with(control::PREFIX) {
            return Ok(control::answer(self, request).await);
        }
        let path = request.uri().path().to_owned();
        let (number, request) = self.record(request).await?;
        let Some(fault) = self.state.faults().take(&path) else {
            return Ok(self.carry_out(number, request).await);
        };
        self.note(number, |recorded| recorded.fault = Some(fault.clone()));
        match fault {
            Fault::Answer { status, code, retry_after } => Ok(faulty_answer(status, code.as_deref(), retry_after)),
            Fault::EmptyBody => {
                let mut response = self.carry_out(number, request).await;
                *response.body_mut() = Body::empty();
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                response.headers_mut().remove(CONTENT_TYPE);
                Ok(response)
            }
            Fault::Delay { milliseconds } => {
                let (delay, timeout) =
                    (Duration::from_millis(milliseconds), self.state.deployment().knobs.request_timeout);
                tokio::time::sleep(delay.min(timeout)).await;
                if delay >= timeout {
                    return Ok(StatusCode::REQUEST_TIMEOUT.into_response());
                }
                Ok(self.carry_out(number, request).await)
            }
            Fault::Reset => Err(ConnectionReset),
            Fault::LostAnswer => {
                self.carry_out(number, request).await;
                Err(ConnectionReset)
            }
        }
    }

    async fn carry_out(&self, number: usize, request: Request<Body>) -> Response {
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        self.note(number, |recorded| recorded.status = Some(response.status()));
        response
    }

    /// Keeps a copy of what came, and gives its number. A body that breaks off is nothing to keep or to answer.
    async fn record(&self, request: Request<Body>) -> Result<(usize, Request<Body>), ConnectionReset> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| ConnectionReset)?.to_bytes();
        let mut requests = self.state.requests();
        requests.push(Recorded {
            method: parts.method.clone(),
            uri: parts.uri.to_string(),
            headers: parts.headers.clone(),
            body: body.clone(),
            fault: None,
            status: None,
        });
        Ok((requests.len() - 1, Request::from_parts(parts, Body::from(body))))
    }

    fn note(&self, number: usize, note: impl FnOnce(&mut Recorded)) {
        if let Some(recorded) = self.state.requests().get_mut(number) {
            note(recorded);
        }
    }
}

fn faulty_answer(status: u16, code: Option<&str>, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match code {
        Some(code) => refusal(status, code, "a fault that a test ordered"),
        None => status.into_response(),
    };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("name", &self.state.deployment().name).finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for Fake {
    type Response = http::Response<Bytes>;
    type Error = ConnectionReset;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, ConnectionReset>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ConnectionReset>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move {
            let (mut parts, body) = fake.answer(request.map(Body::from)).await?.into_parts();
            let body = body.collect().await.map_err(|_| ConnectionReset)?.to_bytes();
            // As the socket would add it.
            parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body.len()));
            Ok(http::Response::from_parts(parts, body))
        })
    }
}

/// The connection was reset instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionReset;

impl fmt::Display for ConnectionReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was reset")
    }
}

/// The source is an [`io::Error`] of the kind that a socket would report, which is what transports go by.
impl std::error::Error for ConnectionReset {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static RESET: LazyLock<io::Error> = LazyLock::new(|| io::ErrorKind::ConnectionReset.into());
        Some(&*RESET)
    }
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The target: with the origin in process, without it over a socket.
    pub uri: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The fault that it met.
    pub fault: Option<Fault>,
    /// The status that came of it, whether or not that answer was sent. None if a fault kept it from being carried out.
    pub status: Option<StatusCode>,
}
