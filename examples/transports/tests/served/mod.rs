//! The fake behind a router and a pipe.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use convex_mgmt_fake::{ConnectionReset, Fake};
use futures_lite::stream;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

/// A router that calls a fake. A reset becomes a body that fails, because a router has no errors.
pub(crate) fn router(fake: Fake) -> Router {
    Router::new().fallback(async move |request: Request| {
        respond(fake, request)
            .await
            .unwrap_or_else(|reset| Response::new(Body::from_stream(stream::once(Err::<Bytes, _>(reset)))))
    })
}

async fn respond(fake: Fake, request: Request) -> Result<Response, ConnectionReset> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| ConnectionReset)?;
    Ok(fake.oneshot(Request::from_parts(parts, body)).await?.map(Body::from))
}

/// Serves HTTP on one connection, which a reset closes.
pub(crate) fn serve(fake: Fake, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let service = service_fn(move |request: Request<Incoming>| respond(fake.clone(), request.map(Body::new)));
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
}
