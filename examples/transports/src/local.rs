//! A transport on monoio, a single-threaded runtime: futures, timers and the pool of connections are not `Send`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::header::{HOST, HeaderValue};
use convex_mgmt::http::uri::Authority;
use convex_mgmt::http::{Request, Response, Uri};
use convex_mgmt::{Sent, Timer, Transport, TransportError, UnixMillis};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use monoio::io::IntoPollIo;
use monoio::net::TcpStream;
use monoio_compat::hyper::MonoioIo;

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

/// The idle connections by host and port.
type Idle = Rc<RefCell<HashMap<Authority, SendRequest<Full<Bytes>>>>>;

/// Creates a transport that keeps one idle connection to each host.
pub fn transport() -> impl Transport {
    let idle = Idle::default();
    tower::service_fn(move |request| send(Rc::clone(&idle), request))
}

async fn send(idle: Idle, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let authority = request.uri().authority().cloned().ok_or_else(|| TransportError::connect("the URL has no host"))?;
    let mut kept = idle.borrow_mut().remove(&authority);
    if let Some(connection) = &mut kept
        && connection.ready().await.is_err()
    {
        kept = None; // The server has closed it.
    }
    let mut connection = match kept {
        Some(connection) => connection,
        None => connect(&authority).await?,
    };
    // A connection of hyper needs the `Host` header, and the URL without the host.
    let host = HeaderValue::from_str(authority.as_str()).map_err(TransportError::connect)?;
    request.headers_mut().insert(HOST, host);
    *request.uri_mut() = request.uri().path_and_query().cloned().map(Uri::from).unwrap_or_default();
    let broken = |error| TransportError::connection(Sent::Maybe, error);
    let response = connection.send_request(request.map(Full::new)).await.map_err(|error| broken(error.into()))?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, 256 << 20).collect().await.map_err(broken)?.to_bytes();
    // Only after the whole response: the connection of an attempt that timed out is never used again.
    idle.borrow_mut().insert(authority, connection);
    Ok(Response::from_parts(parts, body))
}

async fn connect(authority: &Authority) -> Result<SendRequest<Full<Bytes>>, TransportError> {
    let host = authority.host().trim_matches(['[', ']']);
    let stream =
        TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await.map_err(TransportError::connect)?;
    let stream = stream.into_poll_io().map_err(TransportError::connect)?;
    let (sender, connection) = handshake(MonoioIo::new(stream)).await.map_err(TransportError::connect)?;
    monoio::spawn(connection);
    Ok(sender)
}
