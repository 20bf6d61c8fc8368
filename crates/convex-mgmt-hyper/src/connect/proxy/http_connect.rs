//! Opens a tunnel through an HTTP proxy with `CONNECT`. Source: RFC 9110, section 9.3.6.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, StatusCode};
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use tower::BoxError;

use crate::error::ProxyRefusal;

/// Maximum size of the head of a proxy's response, in bytes: the smallest limit that hyper accepts.
const HEAD_LIMIT: usize = 8192;

/// Opens a tunnel to `host` through the proxy at the other end of `stream`. An IPv6 address has brackets.
pub(super) async fn tunnel<S>(
    stream: S,
    host: &str,
    port: u16,
    credentials: Option<&HeaderValue>,
) -> Result<S, BoxError>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let authority = format!("{host}:{port}");
    let mut request = Request::connect(&*authority).header(HOST, &*authority);
    if let Some(credentials) = credentials {
        request = request.header(PROXY_AUTHORIZATION, credentials);
    }
    let request = request.body(String::new())?;
    let mut protocol = http1::Builder::new();
    // Some proxies accept headers in this spelling only.
    protocol.title_case_headers(true).max_buf_size(HEAD_LIMIT);
    let (mut sender, connection) = protocol.handshake(stream).await?;
    let mut connection = pin!(connection.without_shutdown());
    let mut response = pin!(sender.send_request(request));
    let mut ended = None;
    let response = poll_fn(|cx| {
        if ended.is_none()
            && let Poll::Ready(end) = connection.as_mut().poll(cx)
        {
            ended = Some(end);
        }
        response.as_mut().poll(cx)
    });
    let status = match response.await {
        Ok(response) => response.status(),
        Err(error) if error.is_parse() => return Err(ProxyRefusal::Protocol.into()),
        Err(error) => return Err(error.into()),
    };
    match status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => return Err(ProxyRefusal::Credentials.into()),
        // hyper does not treat 204 as the start of a tunnel.
        status if !status.is_success() || status == StatusCode::NO_CONTENT => {
            return Err(ProxyRefusal::Status(status).into());
        }
        _ => {}
    }
    let parts = match ended {
        Some(end) => end?,
        None => connection.await?,
    };
    // In TLS and HTTP the client speaks first: these bytes do not come from the endpoint.
    if parts.read_buf.is_empty() { Ok(parts.io) } else { Err(ProxyRefusal::Protocol.into()) }
}
