//! [`Server`]: the thread that serves the deployments of a run.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::control::Fake;
use crate::server::FakeServer;

const LOOPBACK: &str = "127.0.0.1:0";

/// A tokio runtime with one thread, so that a run does not need the runtime of its caller.
pub(super) struct Server(Option<Runtime>);

impl Server {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("conformance").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs a task on the thread and waits for its result. The caller's executor is blocked for that time.
    fn run<T: Send + 'static>(&self, task: impl Future<Output = io::Result<T>> + Send + 'static) -> io::Result<T> {
        let ended = || io::Error::other("the server's thread has ended");
        let (sender, receiver) = mpsc::channel();
        let runtime = self.0.as_ref().ok_or_else(ended)?;
        runtime.spawn(async move { sender.send(task.await) });
        receiver.recv().map_err(|_| ended())?
    }

    /// Serves a deployment.
    pub(super) fn serve(&self, fake: Fake) -> io::Result<FakeServer> {
        self.run(async move { fake.serve(LOOPBACK).await })
    }

    /// Serves the same bytes for every request, and closes each connection after it.
    pub(super) fn serve_bytes(&self, response: String) -> io::Result<RawServer> {
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        self.run(async move {
            let listener = TcpListener::bind(LOOPBACK).await?;
            let address = listener.local_addr()?;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(respond(stream, response.clone(), Arc::clone(&counter)));
                }
            });
            Ok(RawServer { address, requests })
        })
    }

    /// Returns the output of a future, or `None` after a time. Works on any executor.
    pub(super) async fn within<T>(&self, time: Duration, future: impl Future<Output = T>) -> Option<T> {
        // A receiver works without a runtime. It is dropped before the sender, so only the end of the time wakes the caller.
        let (sender, receiver) = oneshot::channel::<()>();
        let timer = self.0.as_ref().map(|runtime| {
            runtime.spawn(async move {
                tokio::time::sleep(time).await;
                drop(sender);
            })
        });
        let result = {
            let (mut future, mut receiver) = (pin!(future), pin!(receiver));
            poll_fn(|cx| match future.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => receiver.as_mut().poll(cx).map(|_| None),
            })
            .await
        };
        if let Some(timer) = timer {
            timer.abort();
        }
        result
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Inside of another runtime, dropping this one would panic.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A server with one response.
pub(super) struct RawServer {
    pub(super) address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl RawServer {
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
    use std::future::{pending, ready};
    use std::sync::mpsc::channel;
    use std::task::{Context, Wake};

    use super::*;

    struct Signal(mpsc::Sender<()>);

    impl Wake for Signal {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap_or_default();
        }
    }

    /// Polls a future on a thread without a runtime, once for each wake.
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let (sender, woken) = channel();
        let waker = Arc::new(Signal(sender)).into();
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            woken.recv().unwrap();
        }
    }

    #[test]
    fn a_future_that_does_not_end_times_out_without_a_runtime() {
        let server = Server::start().unwrap();
        assert_eq!(block_on(server.within(Duration::from_millis(1), pending::<()>())), None);
        assert_eq!(block_on(server.within(Duration::from_secs(60), ready(1))), Some(1));
    }

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
