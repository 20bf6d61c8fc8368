//! A transport on monoio, a runtime whose tasks stay on one thread: its futures are not `Send`.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response, Uri};
use convex_mgmt::{Sent, Timer, TransportError, UnixMillis};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use monoio::io::IntoPollIo;
use monoio::net::TcpStream;
use monoio_compat::hyper::MonoioIo;

/// The maximum size of a response body in bytes. Pages of a data sync are large.
const LIMIT: usize = 256 << 20;

/// The timers of monoio.
#[derive(Clone, Copy, Debug, Default)]
pub struct MonoioTimer;

impl Timer for MonoioTimer {
    type Sleep = monoio::time::Sleep;

    fn now(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        monoio::time::sleep(duration)
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
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']);
    let address = (host, request.uri().port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.map_err(TransportError::connect)?;
    let stream = MonoioIo::new(stream.into_poll_io().map_err(TransportError::connect)?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(TransportError::connect)?;
    // The connection ends with `sender`.
    monoio::spawn(connection);
    // A connection of hyper needs the URL without the host. The request has the `Host` header.
    *request.uri_mut() = request.uri().path_and_query().cloned().map(Uri::from).unwrap_or_default();
    let response = sender.send_request(request.map(Full::new)).await;
    let (parts, body) = response.map_err(|error| TransportError::connection(Sent::Maybe, error))?.into_parts();
    let body = Limited::new(body, LIMIT).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
        true => TransportError::response_too_large(LIMIT),
        false => TransportError::connection(Sent::Maybe, error),
    })?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}
