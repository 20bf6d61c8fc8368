//! The fake behind a router, a pipe, and a Unix socket.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use convex_mgmt_fake::Fake;
use convex_mgmt_fake::conformance::Target;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener};
use tower::ServiceExt;

/// A router that calls a fake. A reset becomes a body that fails, because a router has no errors.
pub(crate) fn router(fake: Fake) -> Router {
    Router::new().fallback(async move |request: Request| {
        respond(fake, request).await.unwrap_or_else(|reset| {
            Response::new(Body::from_stream(futures_lite::stream::once(Err::<axum::body::Bytes, _>(reset))))
        })
    })
}

async fn respond(fake: Fake, request: Request) -> Result<Response, convex_mgmt_fake::ConnectionReset> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| convex_mgmt_fake::ConnectionReset)?;
    Ok(fake.oneshot(Request::from_parts(parts, body)).await?.map(Body::from))
}

/// Serves HTTP on one connection, which a reset closes.
pub(crate) fn serve(fake: Fake, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let service = service_fn(move |request: Request<Incoming>| respond(fake.clone(), request.map(Body::new)));
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
}

/// A folder for Unix sockets, which is removed at the end of a test.
pub(crate) struct Folder {
    path: PathBuf,
    sockets: AtomicUsize,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("convex-mgmt-transports-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self { path, sockets: AtomicUsize::new(0) }
    }

    /// Relays the connections of a new Unix socket to a target. Without a server at the target there is no socket.
    pub(crate) fn relay(&self, target: &Target) -> PathBuf {
        let path = self.path.join(self.sockets.fetch_add(1, Ordering::Relaxed).to_string());
        let address = target.address();
        if std::net::TcpStream::connect(address).is_ok() {
            let listener = UnixListener::bind(&path).unwrap();
            tokio::spawn(async move {
                while let Ok((mut near, _)) = listener.accept().await {
                    tokio::spawn(async move {
                        if let Ok(mut far) = TcpStream::connect(address).await {
                            drop(copy_bidirectional(&mut near, &mut far).await);
                        }
                    });
                }
            });
        }
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}
