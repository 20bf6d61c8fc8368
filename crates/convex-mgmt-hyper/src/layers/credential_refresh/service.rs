//! [`CredentialRefresh`]: sends a request once more after the server rejects its credential.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use convex_mgmt_proto::guard::destroys_own_credential;
use convex_mgmt_proto::{Api, CredentialKind, Sent};
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use thiserror::Error;
use tower::{BoxError, Service};

use super::credential_source::CredentialSource;
use super::endpoints::Endpoints;
use super::source::{Next, Source, Version};
use super::waiting::Waiting;
use crate::error::TransportError;
use crate::timer::{DefaultTimer, Timer};

/// Sends requests with the newest credential of their endpoint. After a 401 it calls the source for another one, and sends the
/// request once more, whatever its operation: the server does not execute such a request. Both count as one attempt.
///
/// * The source is called once for all requests to one endpoint that are rejected meanwhile on one runtime. The fetch
///   belongs to no request: if a call gives up, the next one waits for the same result.
/// * On several runtimes ([`Timer::runtime`]), each calls it once, because the timers and connections of a fetch belong to the runtime that it began
///   on. The first result serves all of them, and the other fetches are dropped.
/// * If the source fails, the requests that waited end with
///   [`TransportErrorKind::Credential`](crate::TransportErrorKind::Credential). If it returns the rejected credential, they end
///   with the 401.
/// * A credential that differs from the rejected one is sent at once. One that does not work is not replaced before the pause of
///   [`CredentialRefreshLayer::backoff`](super::CredentialRefreshLayer::backoff) ends.
/// * A call waits for the source within its total timeout, and the source has a timeout of its own
///   ([`CredentialRefreshLayer::source_timeout`](super::CredentialRefreshLayer::source_timeout)).
/// * A request that deletes the renewed credential itself ends with [`TransportErrorKind::Layer`](crate::TransportErrorKind::Layer)
///   and is not sent, unless its operation is [`unchecked`](convex_mgmt_proto::Operation::unchecked). A deploy key of an OAuth
///   application has that credential's secret.
/// * Endpoints are independent: no endpoint waits for the fetch or the pause of another one.
///
/// `F` is the source, and `T` is the timer that it is waited for with.
pub struct CredentialRefresh<S, A: Api, F: CredentialSource<A>, T = DefaultTimer> {
    inner: S,
    endpoints: Arc<Endpoints<A, F>>,
    timer: T,
}

impl<S, A: Api, F: CredentialSource<A>, T> CredentialRefresh<S, A, F, T> {
    pub(super) fn new(inner: S, endpoints: Arc<Endpoints<A, F>>, timer: T) -> Self {
        Self { inner, endpoints, timer }
    }
}

impl<S: Clone, A: Api, F: CredentialSource<A>, T: Clone> Clone for CredentialRefresh<S, A, F, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), endpoints: Arc::clone(&self.endpoints), timer: self.timer.clone() }
    }
}

impl<S, A: Api, F: CredentialSource<A>, T> fmt::Debug for CredentialRefresh<S, A, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefresh").field("api", &A::NAME).finish_non_exhaustive()
    }
}

impl<S, A, F, T> Service<Request<Bytes>> for CredentialRefresh<S, A, F, T>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
    A: Api,
    F: CredentialSource<A>,
    T: Timer,
{
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = CredentialRefreshFuture<S, A, F, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        let source = self.endpoints.find(&request);
        let version = source.as_ref().map_or(0, |source| source.authorize(&mut request));
        let resend = Resend { endpoints: Arc::clone(&self.endpoints), source, version, request: Some(request.clone()) };
        // This service is ready, and its clone is not: it is polled for that before it is called.
        let inner = self.inner.clone();
        let state = if version != 0 && destroys_own_credential(&request) {
            State::Kept
        } else {
            State::Calling { call: std::mem::replace(&mut self.inner, inner.clone()).call(request) }
        };
        CredentialRefreshFuture { inner, resend, timer: self.timer.clone(), rejection: None, state }
    }
}

/// The kind of the credential that replaced the endpoint's, in the extensions of a response that rejects it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshedCredential(pub(crate) CredentialKind);

/// The parts for sending a request once more.
struct Resend<A: Api, F: CredentialSource<A>> {
    endpoints: Arc<Endpoints<A, F>>,
    /// `None` until the server rejects the credential of the endpoint for the first time.
    source: Option<Arc<Source<A, F>>>,
    /// The version of the credential that was sent last.
    version: Version,
    /// The request with that credential. Taken when it is sent once more.
    request: Option<Request<Bytes>>,
}

impl<A: Api, F: CredentialSource<A>> Resend<A, F> {
    /// Records that the server accepted the credential.
    fn accepted(&self) {
        if let Some(source) = &self.source {
            source.accepted(self.version);
        }
    }

    /// Adds the kind of a replaced credential to a response that rejects it.
    fn explained(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        let is_rejected = matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let kind = self.source.as_ref().filter(|_| is_rejected).and_then(|source| source.replaced_kind(self.version));
        if let Some(kind) = kind {
            response.extensions_mut().insert(RefreshedCredential(kind));
        }
        response
    }

    /// Returns the next step for a rejected request. `None` if it was sent once more already, or belongs to another API.
    fn rejected(&mut self, timer: &impl Timer) -> Option<Next> {
        let request = self.request.as_mut()?;
        if self.source.is_none() {
            self.source = self.endpoints.find_or_add(request);
        }
        Some(self.source.as_ref()?.rejected(timer, request))
    }

    /// Returns the next step for a request that has waited for the source.
    fn fetched(&mut self) -> Option<Next> {
        Some(self.source.as_ref()?.fetched(self.request.as_mut()?))
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<C, W> {
        Calling { #[pin] call: C },
        // Until the source has returned a result. Boxed, so that it does not enlarge the calls that do not wait.
        Fetching { fetched: Pin<Box<W>> },
        Readying,
        // The request would delete its own credential.
        Kept,
    }
}

/// The reason why a request was not sent with the renewed credential.
#[derive(Debug, Error)]
#[error(
    "the request would delete the renewed credential that it is sent with: send it with `unchecked` to revoke that one"
)]
struct OwnCredential;

pin_project! {
    /// The future of [`CredentialRefresh`].
    #[must_use = "futures do nothing unless polled"]
    pub struct CredentialRefreshFuture<S, A, F, T = DefaultTimer>
    where
        S: Service<Request<Bytes>>,
        A: Api,
        F: CredentialSource<A>,
        T: Timer,
    {
        inner: S,
        resend: Resend<A, F>,
        timer: T,
        rejection: Option<Response<Bytes>>,
        #[pin]
        state: State<S::Future, Waiting<A, F, T>>,
    }
}

impl<S, A, F, T> fmt::Debug for CredentialRefreshFuture<S, A, F, T>
where
    S: Service<Request<Bytes>>,
    A: Api,
    F: CredentialSource<A>,
    T: Timer,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshFuture").finish_non_exhaustive()
    }
}

impl<S, A, F, T> Future for CredentialRefreshFuture<S, A, F, T>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
    A: Api,
    F: CredentialSource<A>,
    T: Timer,
{
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            // `None` only if the future is polled after its end.
            let next = match this.state.as_mut().project() {
                StateProjection::Calling { call } => {
                    let response = ready!(call.poll(cx)).map_err(TransportError::from_any)?;
                    if response.status().is_success() {
                        this.resend.accepted();
                    }
                    let is_rejected = response.status() == StatusCode::UNAUTHORIZED;
                    let Some(next) = is_rejected.then(|| this.resend.rejected(this.timer)).flatten() else {
                        return Poll::Ready(Ok(this.resend.explained(response)));
                    };
                    *this.rejection = Some(response);
                    Some(next)
                }
                StateProjection::Fetching { fetched } => {
                    ready!(fetched.as_mut().poll(cx));
                    this.resend.fetched()
                }
                StateProjection::Kept => {
                    let sent = if this.rejection.is_some() { Sent::Maybe } else { Sent::No };
                    return Poll::Ready(Err(TransportError::not_executed(sent, OwnCredential)));
                }
                StateProjection::Readying => {
                    ready!(this.inner.poll_ready(cx)).map_err(TransportError::not_ready)?;
                    let Some(request) = this.resend.request.take() else { return Poll::Pending };
                    this.state.set(State::Calling { call: this.inner.call(request) });
                    continue;
                }
            };
            let next = match next {
                Some(Next::Send(version)) => {
                    this.resend.version = version;
                    let is_own = this.resend.request.as_ref().is_some_and(destroys_own_credential);
                    if is_own { State::Kept } else { State::Readying }
                }
                Some(Next::Wait { version, since }) => {
                    let Some(source) = this.resend.source.clone() else { return Poll::Pending };
                    State::Fetching { fetched: Box::pin(Waiting::new(source, this.timer.clone(), version, since)) }
                }
                Some(Next::Fail(reason)) => return Poll::Ready(Err(TransportError::credential(reason))),
                Some(Next::Reject) => {
                    let rejection = this.rejection.take().map(|response| this.resend.explained(response));
                    return rejection.map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                None => return Poll::Pending,
            };
            this.state.set(next);
        }
    }
}
