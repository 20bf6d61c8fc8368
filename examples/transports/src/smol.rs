//! A transport on smol: hyper's HTTP/1.1 over the sockets of async-net, and the timers of async-io. It needs no tokio runtime.

use std::pin::Pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use async_net::TcpStream;
use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response, Uri};
use convex_mgmt::{Sent, Timer, TransportError, UnixMillis};
use futures_lite::future;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use smol_hyper::rt::FuturesIo;

/// The maximum size of a response body in bytes. Pages of a data sync are large.
const LIMIT: usize = 256 << 20;

/// The timers of async-io.
#[derive(Clone, Copy, Debug, Default)]
pub struct SmolTimer;

impl Timer for SmolTimer {
    type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn now(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        let timer = async_io::Timer::after(duration);
        Box::pin(async {
            timer.await;
        })
    }

    fn unix_time(&self) -> UnixMillis {
        UnixMillis::from_system_time(SystemTime::now()).unwrap_or_default()
    }
}

/// Sends a request over a connection of its own. `tower::service_fn(send)` is a transport.
///
/// # Errors
/// A [`TransportError`] that states whether the request may have been sent.
pub async fn send(mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    request.uri().scheme_str().filter(|scheme| *scheme == "http").ok_or_else(|| TransportError::tls("no TLS here"))?;
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = request.uri().port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await.map_err(TransportError::connect)?;
    let (mut sender, connection) = http1::handshake(FuturesIo::new(stream)).await.map_err(TransportError::connect)?;
    // A connection of hyper needs the URL without the host. The request has the `Host` header.
    *request.uri_mut() = request.uri().path_and_query().cloned().map(Uri::from).unwrap_or_default();
    let exchange = async {
        let response = sender.send_request(request.map(Full::new)).await;
        let (parts, body) = response.map_err(|error| TransportError::connection(Sent::Maybe, error))?.into_parts();
        let body = Limited::new(body, LIMIT).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
            true => TransportError::response_too_large(LIMIT),
            false => TransportError::connection(Sent::Maybe, error),
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    };
    // The connection is driven here, so it ends with the future. Its end is not the end of the exchange.
    future::or(exchange, async { (drop(connection.await), future::pending().await).1 }).await
}
