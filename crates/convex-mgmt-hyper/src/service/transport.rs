//! [`Transport`]: the bound on the service of a client.

use std::future::Ready;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower::{BoxError, Service};

use crate::error::TransportError;

/// A service that a [`Client`](crate::Client) can send requests through. Every suitable tower service implements it.
///
/// It is the one bound that a function over any client needs:
///
/// ```
/// use convex_mgmt::deployment::ListEnvironmentVariables;
/// use convex_mgmt::{Client, DeploymentApi, Error, Transport};
///
/// async fn count_variables<T: Transport>(client: &Client<DeploymentApi, T>) -> Result<usize, Error> {
///     Ok(client.send(&ListEnvironmentVariables::new()).await?.names().count())
/// }
/// ```
///
/// The compiler rejects other services with a text that names the requirements:
///
/// ```compile_fail,E0277
/// use convex_mgmt::Transport;
///
/// struct NotAService;
///
/// fn takes(_: impl Transport) {}
/// takes(NotAService);
/// ```
///
/// It does not require `Send`. A function that spawns calls adds that bound: `T: Transport<Future: Send> + Send + 'static`.
#[diagnostic::on_unimplemented(
    message = "a `Client` cannot send requests through `{Self}`",
    label = "not a `Transport`",
    note = "a transport implements `Clone` and `tower::Service<http::Request<bytes::Bytes>, Response = http::Response<bytes::Bytes>>`, and its error converts into `tower::BoxError`",
    note = "put a service that is not `Clone` behind `tower::buffer::Buffer`, and convert other bodies with a layer",
    note = "a layer over a timer of `()` needs the feature `tokio`, or its own timer: `CredentialRefreshLayer::timer`"
)]
pub trait Transport: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone {}

// Without the attribute the compiler reports the bound below that fails, and not the text above.
#[diagnostic::do_not_recommend]
impl<S> Transport for S
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
{
}

/// The transport that types name by default without the feature `hyper`. It has no value: pass another transport to
/// [`ClientBuilder::build_on`](crate::ClientBuilder::build_on).
#[derive(Clone, Copy, Debug)]
pub enum NoTransport {}

impl Service<Request<Bytes>> for NoTransport {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Ready<Result<Response<Bytes>, TransportError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match *self {}
    }

    fn call(&mut self, _request: Request<Bytes>) -> Self::Future {
        match *self {}
    }
}

/// The transport that types have unless they name another one.
#[cfg(feature = "hyper")]
pub(crate) type DefaultTransport = crate::transport::HyperTransport;
#[cfg(not(feature = "hyper"))]
pub(crate) type DefaultTransport = NoTransport;
