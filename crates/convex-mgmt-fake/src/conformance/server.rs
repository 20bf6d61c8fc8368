//! The addresses of a run that no fake serves: [`RawServer`] has one response, and nobody listens at a [`ClosedPort`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::Background;

/// Each server of a run listens here, on a thread of its own.
pub(super) const LOOPBACK: &str = "127.0.0.1:0";

/// A server with one response.
pub(super) struct RawServer {
    pub(super) address: SocketAddr,
    requests: Arc<AtomicUsize>,
    _background: Background,
}

impl RawServer {
    /// Serves the same bytes for every request, and closes each connection after it.
    pub(super) fn start(response: String) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(LOOPBACK)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let ((), background) = Background::start(move || {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(respond(stream, response.clone(), Arc::clone(&counter)));
                }
            });
            Ok(())
        })?;
        Ok(Self { address, requests, _background: background })
    }

    /// Returns the number of requests that arrived.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn respond(mut stream: TcpStream, response: String, requests: Arc<AtomicUsize>) -> io::Result<()> {
    let mut received = Vec::new();
    while !is_complete(&received) {
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await?;
    // Closing a socket with unread bytes would reset it, and the client might lose the response.
    while stream.read_buf(&mut received).await? > 0 {
        received.clear();
    }
    Ok(())
}

/// Returns `true` if these are a whole request, whose body has a `Content-Length` or is chunked.
fn is_complete(received: &[u8]) -> bool {
    let Some(head) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let (head, body) = received.split_at(head + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    match length {
        Some(length) => body.len() >= length,
        None if head.contains("transfer-encoding:") => body.ends_with(b"0\r\n\r\n"),
        None => true,
    }
}

/// An address on which nobody listens. The port stays reserved.
pub(super) struct ClosedPort {
    pub(super) address: SocketAddr,
    _socket: Socket,
}

impl ClosedPort {
    pub(super) fn reserve() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        let address = socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("the port has no address"))?;
        Ok(Self { address, _socket: socket })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_complete_at_the_end_of_their_bodies() {
        assert!(!is_complete(b"GET / HTTP/1.1\r\nhost: x\r\n"));
        assert!(is_complete(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
        assert!(!is_complete(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"));
        assert!(is_complete(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"));
        assert!(!is_complete(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"));
        assert!(is_complete(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    }

    #[test]
    fn nobody_listens_at_a_closed_port() {
        let port = ClosedPort::reserve().unwrap();
        let connected = std::net::TcpStream::connect(port.address);
        assert_eq!(connected.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
