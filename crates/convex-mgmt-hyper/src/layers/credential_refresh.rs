//! [`CredentialRefresh`]: gets a new credential when the server refuses the one there is, and tries once more with it.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use convex_mgmt_proto::{Api, Authorizes, Endpoint};
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{BoxError, Layer, Service};

use super::Acquiring;
use crate::error::TransportError;

/// Makes a [`CredentialRefresh`] of a service, for [`ClientBuilder::attempt_layer`](crate::ClientBuilder::attempt_layer). All
/// services made by one layer or its clones share the credential.
///
/// ```
/// use convex_mgmt_hyper::layers::CredentialRefreshLayer;
/// use convex_mgmt_hyper::Client;
/// use convex_mgmt_proto::{DeployKey, Deployment, Endpoint};
///
/// async fn from_the_vault() -> Result<DeployKey, std::io::Error> {
///     // Asks the vault, or makes a new key with the Management API.
/// #   DeployKey::parse("prod:happy-animal-123|new").map_err(std::io::Error::other)
/// }
///
/// let key = DeployKey::parse("prod:happy-animal-123|old")?;
/// let endpoint = Endpoint::<Deployment>::new("https://happy-animal-123.convex.cloud", &key)?;
/// let refresh = CredentialRefreshLayer::new(&endpoint, from_the_vault);
/// let client = Client::builder(endpoint).attempt_layer(refresh).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CredentialRefreshLayer<A, P> {
    shared: Arc<Shared<A>>,
    source: P,
}

/// What all services of one layer have in common.
struct Shared<A> {
    /// As it was when the layer was made.
    given: Endpoint<A>,
    newest: Mutex<Newest<A>>,
    /// Whoever holds the one permit asks the source.
    turn: Arc<Semaphore>,
}

/// The credential that is sent now.
struct Newest<A> {
    endpoint: Endpoint<A>,
    /// How often the source has answered.
    asked: u64,
}

impl<A: Api, P> CredentialRefreshLayer<A, P> {
    /// Asks `source`, a function such as `async || Ok(credential)`, when the server answers 401 to a request of this endpoint.
    ///
    /// Requests of other endpoints of the same client are left alone: the credential is for this one.
    /// The source must not send through the client that it serves, where a limit of concurrency may leave it no place.
    pub fn new(endpoint: &Endpoint<A>, source: P) -> Self {
        let newest = Mutex::new(Newest { endpoint: endpoint.clone(), asked: 0 });
        let shared = Shared { given: endpoint.clone(), newest, turn: Arc::new(Semaphore::new(1)) };
        Self { shared: Arc::new(shared), source }
    }
}

impl<A, P: Clone> Clone for CredentialRefreshLayer<A, P> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), source: self.source.clone() }
    }
}

impl<A: Api, P> fmt::Debug for CredentialRefreshLayer<A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshLayer").field("endpoint", &self.shared.given).finish_non_exhaustive()
    }
}

impl<S, A, P: Clone> Layer<S> for CredentialRefreshLayer<A, P> {
    type Service = CredentialRefresh<S, A, P>;
    fn layer(&self, inner: S) -> CredentialRefresh<S, A, P> {
        CredentialRefresh { inner, shared: Arc::clone(&self.shared), source: self.source.clone() }
    }
}

/// Sends requests with the newest credential. After a 401 it asks for another, and sends the request once more, whatever its
/// operation: a request that is refused so is not carried out. Both count as one attempt.
///
/// Requests that are refused at the same time ask once. If the source fails, the one that asked ends with
/// [`TransportErrorKind::Credential`](crate::TransportErrorKind::Credential) and those that waited with the 401 they had. The
/// time of the source is bounded by the total timeout.
pub struct CredentialRefresh<S, A, P> {
    inner: S,
    shared: Arc<Shared<A>>,
    source: P,
}

impl<S: Clone, A, P: Clone> Clone for CredentialRefresh<S, A, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared), source: self.source.clone() }
    }
}

impl<S, A: Api, P> fmt::Debug for CredentialRefresh<S, A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefresh").field("endpoint", &self.shared.given).finish_non_exhaustive()
    }
}

impl<A: Api> Shared<A> {
    fn newest(&self) -> MutexGuard<'_, Newest<A>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the newest credential into a request. Tells how often the source has answered, and whether it is a new one to the
    /// request.
    fn prepare(&self, request: &mut Request<Bytes>) -> (u64, bool) {
        let newest = self.newest();
        let is_new = !newest.endpoint.serves(request);
        newest.endpoint.authorize(request);
        (newest.asked, is_new)
    }

    /// Takes what the source has answered.
    fn take<C: Authorizes<A>>(&self, answer: Result<C, BoxError>) -> Result<(), BoxError> {
        let mut newest = self.newest();
        newest.asked += 1;
        newest.endpoint = newest.endpoint.clone().credential(&answer?)?;
        Ok(())
    }
}

impl<S, A, P, F, C, E> Service<Request<Bytes>> for CredentialRefresh<S, A, P>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
    A: Api,
    P: Fn() -> F + Clone,
    F: Future<Output = Result<C, E>>,
    C: Authorizes<A>,
    E: Into<BoxError>,
{
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = CredentialRefreshFuture<S, A, P, F>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        let mut again = None;
        if self.shared.given.serves(&request) {
            let (asked, _) = self.shared.prepare(&mut request);
            let (shared, source) = (Arc::clone(&self.shared), self.source.clone());
            again = Some(Again { request: request.clone(), asked, shared, source });
        }
        // The clone is not ready, and is asked before it is called; this one is.
        let inner = self.inner.clone();
        let call = std::mem::replace(&mut self.inner, inner.clone()).call(request);
        CredentialRefreshFuture { inner, again, refused: None, state: State::Calling { call } }
    }
}

/// A request that may be sent once more.
struct Again<A, P> {
    request: Request<Bytes>,
    /// How often the source had answered when it was sent first.
    asked: u64,
    shared: Arc<Shared<A>>,
    source: P,
}

pin_project! {
    #[project = StateProjection]
    enum State<C, F> {
        Calling { #[pin] call: C },
        // Others may be asking the source.
        Queued { turn: Acquiring },
        Asking { #[pin] answer: F, _turn: OwnedSemaphorePermit },
        Readying,
    }
}

pin_project! {
    /// The future of [`CredentialRefresh`].
    pub struct CredentialRefreshFuture<S, A, P, F> where S: Service<Request<Bytes>> {
        inner: S,
        // Taken by the second try.
        again: Option<Again<A, P>>,
        refused: Option<Response<Bytes>>,
        #[pin]
        state: State<S::Future, F>,
    }
}

impl<S: Service<Request<Bytes>>, A, P, F> fmt::Debug for CredentialRefreshFuture<S, A, P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshFuture").finish_non_exhaustive()
    }
}

impl<S, A, P, F, C, E> Future for CredentialRefreshFuture<S, A, P, F>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
    A: Api,
    P: Fn() -> F,
    F: Future<Output = Result<C, E>>,
    C: Authorizes<A>,
    E: Into<BoxError>,
{
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Calling { call } => {
                    let answer = ready!(call.poll(cx)).map_err(TransportError::from_any)?;
                    match this.again {
                        Some(again) if answer.status() == StatusCode::UNAUTHORIZED => {
                            *this.refused = Some(answer);
                            State::Queued { turn: Box::pin(Arc::clone(&again.shared.turn).acquire_owned()) }
                        }
                        _ => return Poll::Ready(Ok(answer)),
                    }
                }
                StateProjection::Queued { turn } => {
                    let turn = ready!(turn.as_mut().poll(cx));
                    // Only a future that is polled after its end has none left.
                    let Some(again) = this.again else { return Poll::Pending };
                    let (asked, is_new) = again.shared.prepare(&mut again.request);
                    match turn {
                        _ if is_new => State::Readying,
                        Ok(turn) if asked == again.asked => State::Asking { answer: (again.source)(), _turn: turn },
                        // Another has asked meanwhile, and got nothing new.
                        _ => {
                            let Some(answer) = this.refused.take() else { return Poll::Pending };
                            return Poll::Ready(Ok(answer));
                        }
                    }
                }
                StateProjection::Asking { answer, .. } => {
                    let answer = ready!(answer.poll(cx)).map_err(Into::into);
                    let Some(again) = this.again else { return Poll::Pending };
                    again.shared.take(answer).map_err(TransportError::credential)?;
                    again.shared.prepare(&mut again.request);
                    State::Readying
                }
                StateProjection::Readying => {
                    ready!(this.inner.poll_ready(cx)).map_err(TransportError::not_ready)?;
                    let Some(again) = this.again.take() else { return Poll::Pending };
                    State::Calling { call: this.inner.call(again.request) }
                }
            };
            this.state.set(next);
        }
    }
}
