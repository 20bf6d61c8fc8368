//! [`Guard`]: rejects destructive requests without a confirmation.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt_proto::OperationMeta;
use convex_mgmt_proto::guard::is_destructive;
use http::{Method, Request, Uri};
use pin_project_lite::pin_project;
use tower::{BoxError, Layer, Service};

use crate::error::TransportError;

/// Applies [`Guard`] to a service.
///
/// ```
/// use convex_mgmt::hyper::layers::GuardLayer;
/// use convex_mgmt::{AccessToken, Client, Endpoint, ManagementApi};
///
/// # fn example(transport: impl convex_mgmt::Transport) -> Result<(), Box<dyn std::error::Error>> {
/// let token = AccessToken::parse("team:acme|made-up")?;
/// let endpoint = Endpoint::<ManagementApi>::new("https://api.convex.dev", &token)?;
/// let guarded = tower::Layer::layer(&GuardLayer::new(true), transport);
/// let client = Client::with_service(endpoint, guarded);
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GuardLayer(bool);

impl GuardLayer {
    /// Creates a layer. With `false` it lets every request through.
    pub fn new(enabled: bool) -> Self {
        Self(enabled)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;
    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, enabled: self.0 }
    }
}

/// Rejects destructive requests ([`is_destructive`]) unless [`Client::send_confirmed`](crate::Client::send_confirmed) sends them.
///
/// Nothing of a rejected request is sent. The error is [`TransportErrorKind::NotConfirmed`](crate::TransportErrorKind::NotConfirmed)
/// and is not retried. A request without an operation in its extensions is rejected, too, because nothing is known of it.
#[derive(Clone, Debug)]
pub struct Guard<S> {
    inner: S,
    enabled: bool,
}

/// The proof that the losses of one request were confirmed, in its extensions. Only this crate creates it.
#[derive(Clone)]
pub(crate) struct Confirmed {
    operation: &'static OperationMeta,
    method: Method,
    uri: Uri,
    // Shared with the request, so nothing is copied.
    body: Bytes,
}

impl Confirmed {
    /// Adds the proof to a request.
    pub(crate) fn mark(operation: &'static OperationMeta, request: &mut Request<Bytes>) {
        let (method, uri, body) = (request.method().clone(), request.uri().clone(), request.body().clone());
        request.extensions_mut().insert(Self { operation, method, uri, body });
    }

    /// Returns `true` if the request has the proof. It does not count in another request: a layer may have copied it there, or may
    /// have changed what the request destroys.
    fn is_in(request: &Request<Bytes>) -> bool {
        let extensions = request.extensions();
        let operation = extensions.get::<&'static OperationMeta>();
        extensions.get::<Self>().is_some_and(|proof| {
            operation == Some(&proof.operation)
                && (request.method(), request.uri(), request.body()) == (&proof.method, &proof.uri, &proof.body)
        })
    }
}

impl<S> Service<Request<Bytes>> for Guard<S>
where
    S: Service<Request<Bytes>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = TransportError;
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(TransportError::from_any)
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let rejected = self.enabled && is_destructive(&request) && !Confirmed::is_in(&request);
        GuardFuture { call: (!rejected).then(|| self.inner.call(request)) }
    }
}

pin_project! {
    /// The future of [`Guard`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct GuardFuture<F> {
        // `None` for a rejected request.
        #[pin]
        call: Option<F>,
    }
}

impl<F, T, E> Future for GuardFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().call.as_pin_mut() {
            Some(call) => call.poll(cx).map_err(TransportError::from_any),
            None => Poll::Ready(Err(TransportError::not_confirmed())),
        }
    }
}
