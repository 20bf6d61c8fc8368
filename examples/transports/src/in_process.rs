//! Transports without a network, for unit tests: a client straight on an axum router, or on a function.

use axum::Router;
use axum::body::{Body, to_bytes};
use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::tower::BoxError;
use convex_mgmt::{Sent, Transport, TransportError};
use tower::ServiceExt;

/// The maximum size of a response body in bytes.
const LIMIT: usize = 8 << 20;

/// Creates a transport that calls a router. Pass it to `ClientBuilder::build_on`, or to `Client::with_service` without timeouts.
pub fn over_router(router: Router) -> impl Transport<Future: Send> + Send {
    tower::service_fn(move |request: Request<Bytes>| respond(router.clone(), request))
}

async fn respond(router: Router, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let (parts, body) = match router.oneshot(request.map(Body::from)).await {
        Ok(response) => response.into_parts(),
        Err(never) => match never {},
    };
    let body = to_bytes(body, LIMIT).await.map_err(|error| TransportError::connection(Sent::Maybe, error))?;
    Ok(Response::from_parts(parts, body))
}

/// Creates a transport that responds with the result of a function.
pub fn over_function<F>(respond: F) -> impl Transport<Future: Send> + Send
where
    F: Fn(Request<Bytes>) -> Result<Response<Bytes>, BoxError> + Clone + Send + 'static,
{
    tower::service_fn(move |request| std::future::ready(respond(request)))
}
