//! [`CredentialRefresh`]: gets a new credential when the server refuses the one there is, and tries once more with it.

mod source;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{Api, Authorizes, Endpoint};
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{BoxError, Layer, Service};

use self::source::{Next, Source, Version};
use crate::error::TransportError;

/// Makes a [`CredentialRefresh`] of a service, for [`ClientBuilder::attempt_layer`](crate::ClientBuilder::attempt_layer). All
/// services made by one layer or its clones share the credential.
///
/// ```
/// use convex_mgmt::hyper::layers::CredentialRefreshLayer;
/// use convex_mgmt::Client;
/// use convex_mgmt::{DeployKey, DeploymentApi, Endpoint};
///
/// async fn from_the_vault() -> Result<DeployKey, std::io::Error> {
///     // Asks the vault, or makes a new key with the Management API.
/// #   DeployKey::parse("prod:happy-animal-123|new").map_err(std::io::Error::other)
/// }
///
/// let key = DeployKey::parse("prod:happy-animal-123|old")?;
/// let endpoint = Endpoint::<DeploymentApi>::new("https://happy-animal-123.convex.cloud", &key)?;
/// let refresh = CredentialRefreshLayer::new(&endpoint, from_the_vault);
/// let client = Client::builder(endpoint).attempt_layer(refresh).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CredentialRefreshLayer<A>(Arc<Source<A>>);

impl<A: Api> CredentialRefreshLayer<A> {
    /// Asks `source`, a function such as `async || Ok(credential)`, when the server answers 401 to a request of this endpoint.
    ///
    /// Requests of other endpoints of the same client pass unchanged: the credential is for this one.
    /// The source must not send through the client that it serves, where a limit of concurrency may leave it no place.
    pub fn new<F, C, E>(endpoint: &Endpoint<A>, source: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
        C: Authorizes<A>,
        E: Into<BoxError>,
    {
        let (given, source) = (endpoint.clone(), Arc::new(source));
        let fetch = move || -> source::Fetch<A> {
            let (given, source) = (given.clone(), Arc::clone(&source));
            Box::pin(async move {
                let credential = source().await.map_err(Into::into)?;
                Ok(given.with_credential(&credential)?)
            })
        };
        Self(Arc::new(Source::new(endpoint, Box::new(fetch))))
    }

    /// Sets how long the source is not asked again after it failed, or gave a credential that did not work: `base` after the
    /// first time, twice as long after each further one in a row, and at most `max`. Calls that the server refuses meanwhile
    /// fail at once. A credential that the server accepts ends the row. Default: 1 s and 60 s.
    pub fn backoff(self, base: Duration, max: Duration) -> Self {
        self.0.set_backoff(base, max);
        self
    }

    /// Sets how long the source may take for one answer. After that it counts as failed. Default: 30 s.
    pub fn source_timeout(self, timeout: Duration) -> Self {
        self.0.set_timeout(timeout);
        self
    }
}

impl<A> Clone for CredentialRefreshLayer<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Api> fmt::Debug for CredentialRefreshLayer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshLayer").field("endpoint", self.0.given()).finish_non_exhaustive()
    }
}

impl<S, A> Layer<S> for CredentialRefreshLayer<A> {
    type Service = CredentialRefresh<S, A>;
    fn layer(&self, inner: S) -> CredentialRefresh<S, A> {
        CredentialRefresh { inner, source: Arc::clone(&self.0) }
    }
}

/// Sends requests with the newest credential. After a 401 it asks the source for another, and sends the request once more,
/// whatever its operation: a request that is refused so is not carried out. Both count as one attempt.
///
/// * The source is asked once for all requests that are refused meanwhile on one tokio runtime. The fetch belongs to none of
///   them: if a call gives up, the next one goes on waiting for the same answer.
/// * On several runtimes, each asks once, because the timers and connections of a fetch belong to the runtime that it began on.
///   The first answer serves all of them, and the other fetches are dropped.
/// * If the source fails, all of them end with [`TransportErrorKind::Credential`](crate::TransportErrorKind::Credential).
///   If it gives the credential that was refused, they end with the 401.
/// * A credential that differs from the refused one is sent at once. One that does not work is not replaced before the time
///   that [`CredentialRefreshLayer::backoff`] sets.
/// * A call waits for the source within its total timeout, and the source has a time of its own
///   ([`CredentialRefreshLayer::source_timeout`]).
///
/// Needs the timers of a tokio runtime while it asks.
pub struct CredentialRefresh<S, A> {
    inner: S,
    source: Arc<Source<A>>,
}

impl<S: Clone, A> Clone for CredentialRefresh<S, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), source: Arc::clone(&self.source) }
    }
}

impl<S, A: Api> fmt::Debug for CredentialRefresh<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefresh").field("endpoint", self.source.given()).finish_non_exhaustive()
    }
}

impl<S, A> Service<Request<Bytes>> for CredentialRefresh<S, A>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
    A: Api,
{
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = CredentialRefreshFuture<S, A>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        let mut refresh = None;
        if self.source.given().serves(&request) {
            let version = self.source.authorize(&mut request);
            refresh = Some(Refresh { source: Arc::clone(&self.source), version, request: Some(request.clone()) });
        }
        // The clone is not ready, and is asked before it is called; this one is.
        let inner = self.inner.clone();
        let call = std::mem::replace(&mut self.inner, inner.clone()).call(request);
        CredentialRefreshFuture { inner, refresh, refused: None, state: State::Calling { call } }
    }
}

/// What it takes to send a request once more.
struct Refresh<A> {
    source: Arc<Source<A>>,
    /// Of the credential that was sent last.
    version: Version,
    /// Taken by the second try.
    request: Option<Request<Bytes>>,
}

pin_project! {
    #[project = StateProjection]
    enum State<C> {
        Calling { #[pin] call: C },
        // Until the source has answered.
        Asking { answered: source::Answered },
        Readying,
    }
}

pin_project! {
    /// The future of [`CredentialRefresh`].
    pub struct CredentialRefreshFuture<S, A> where S: Service<Request<Bytes>> {
        inner: S,
        // None for requests of other endpoints.
        refresh: Option<Refresh<A>>,
        refused: Option<Response<Bytes>>,
        #[pin]
        state: State<S::Future>,
    }
}

impl<S: Service<Request<Bytes>>, A> fmt::Debug for CredentialRefreshFuture<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRefreshFuture").finish_non_exhaustive()
    }
}

impl<S, A> Future for CredentialRefreshFuture<S, A>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
    A: Api,
{
    type Output = Result<Response<Bytes>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Calling { call } => {
                    let answer = ready!(call.poll(cx)).map_err(TransportError::from_any)?;
                    let Some(refresh) = this.refresh else { return Poll::Ready(Ok(answer)) };
                    if answer.status().is_success() {
                        refresh.source.worked(refresh.version);
                    }
                    let Some(request) =
                        refresh.request.as_mut().filter(|_| answer.status() == StatusCode::UNAUTHORIZED)
                    else {
                        return Poll::Ready(Ok(answer));
                    };
                    let next = Source::refused(&refresh.source, request);
                    *this.refused = Some(answer);
                    next
                }
                StateProjection::Asking { answered } => {
                    ready!(answered.as_mut().poll(cx));
                    let Some(Refresh { source, request: Some(request), .. }) = this.refresh else {
                        return Poll::Pending;
                    };
                    source.answered(request)
                }
                StateProjection::Readying => {
                    ready!(this.inner.poll_ready(cx)).map_err(TransportError::not_ready)?;
                    // Only a future that is polled after its end has none left.
                    let Some(request) = this.refresh.as_mut().and_then(|refresh| refresh.request.take()) else {
                        return Poll::Pending;
                    };
                    this.state.set(State::Calling { call: this.inner.call(request) });
                    continue;
                }
            };
            let next = match next {
                Next::Send(version) => {
                    if let Some(refresh) = this.refresh {
                        refresh.version = version;
                    }
                    State::Readying
                }
                Next::Wait(answered) => State::Asking { answered },
                Next::Fail(reason) => return Poll::Ready(Err(TransportError::credential(reason))),
                Next::Refused => return this.refused.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            };
            this.state.set(next);
        }
    }
}
