//! [`Unframed`]: a transport that takes the end of the connection for the end of the body.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt_hyper::TransportError;
use convex_mgmt_proto::Sent;
use http::{HeaderValue, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{BoxError, Service};

/// Opens a connection to this address for each request, and reads it to its end.
#[derive(Clone)]
pub(crate) struct Unframed(pub(crate) SocketAddr);

async fn send(address: SocketAddr, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    let mut stream = TcpStream::connect(address).await.map_err(TransportError::connect)?;
    let target = request.uri().path_and_query().ok_or("no path")?;
    let mut head = format!("{} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str()?);
    }
    head += &format!("content-length: {}\r\n\r\n", request.body().len());
    stream.write_all(&[head.as_bytes(), request.body()].concat()).await?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end = end.ok_or_else(|| TransportError::connection(Sent::Maybe, "no response"))?;
    let head = std::str::from_utf8(&received[..end])?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?;
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, HeaderValue::from_str(value)?);
    }
    Ok(response.body(Bytes::from(received).slice(end + 4..))?)
}

impl Service<Request<Bytes>> for Unframed {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(send(self.0, request))
    }
}
