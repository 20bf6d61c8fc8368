//! [`FakeServer`]: a fake that listens on a socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::background::Background;
use super::service::{ConnectionReset, Respond};
use crate::control::Fake;

/// A fake that listens on a socket. Dropping it stops the server and closes its connections.
///
/// It speaks HTTP/1.1 and HTTP/2 without TLS.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// use convex_mgmt_fake::{Fake, FakeServer};
///
/// # fn main() -> std::io::Result<()> {
/// let server: FakeServer = Fake::builder("happy-animal-123").build().serve_in_background("127.0.0.1:0")?;
/// let mut stream = TcpStream::connect(server.address())?;
/// stream.write_all(b"GET /instance_name HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
/// let mut response = String::new();
/// stream.read_to_string(&mut response)?;
/// assert!(response.ends_with("happy-animal-123"));
/// assert_eq!(server.connections(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct FakeServer {
    address: SocketAddr,
    task: JoinHandle<()>,
    accepted: Arc<AtomicUsize>,
    /// The thread of a server in the background. It ends when this is dropped.
    background: Option<Background>,
}

impl FakeServer {
    /// Returns the URL, such as `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the local address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of connections accepted so far.
    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// Starts a server on an address such as `127.0.0.1:0`. Port 0 selects a free port. The server runs on the tokio runtime
    /// of the caller.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use convex_mgmt_fake::Fake;
    ///
    /// let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01abcd").build();
    /// let server = fake.serve("127.0.0.1:0").await?;
    /// assert!(server.url().starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(&self, address: &str) -> io::Result<FakeServer> {
        FakeServer::start(self.clone(), TcpListener::bind(address).await?)
    }

    /// Starts a server on an address such as `127.0.0.1:0`, on a thread with a tokio runtime of its own. Port 0 selects a free
    /// port. This is for tests with blocking calls, and for tests on another runtime. Dropping the server waits for its thread.
    ///
    /// ```
    /// use convex_mgmt_fake::Fake;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01abcd").build();
    /// let server = fake.serve_in_background("127.0.0.1:0")?;
    /// // Pass `server.url()` to the code under test.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the address cannot be bound, or if the thread cannot be started.
    pub fn serve_in_background(&self, address: &str) -> io::Result<FakeServer> {
        FakeServer::start_in_background(self.clone(), address)
    }
}

impl FakeServer {
    /// Serves on a listener. Fails if the listener has no address.
    pub(crate) fn start(server: impl Respond, listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            // Owned by this task: the connections end with it.
            let mut connections = JoinSet::new();
            loop {
                if let Ok((stream, peer)) = listener.accept().await {
                    counter.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(serve_connection(server.clone(), stream, peer));
                }
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, task, accepted, background: None })
    }

    /// Serves on a thread of its own.
    pub(crate) fn start_in_background(server: impl Respond, address: &str) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let start = move || Self::start(server, TcpListener::from_std(listener)?);
        let (mut server, background) = Background::start(start)?;
        server.background = Some(background);
        Ok(server)
    }
}

/// Binds a free loopback port.
pub(crate) async fn bind_loopback() -> io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await
}

async fn serve_connection(server: impl Respond, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    // A second handle, because hyper closes the first one.
    let handle = SockRef::from(&stream).try_clone();
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let server = server.clone();
        async move { server.respond(request.map(Body::new)).await }
    });
    let ended = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    if let (Err(error), Ok(handle)) = (ended, handle)
        && is_reset(&*error)
    {
        // Closing a socket with a linger time of zero resets the connection.
        let _ = handle.set_linger(Some(Duration::ZERO));
    }
}

fn is_reset(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<ConnectionReset>() {
            return true;
        }
        next = error.source();
    }
    false
}
