//! [`Background`]: a thread with a tokio runtime of its own, which serves a fake for callers without tokio.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::listener::FakeServer;
use super::service::Respond;

/// A thread that serves a fake. Dropping it stops the thread and waits for its end.
#[derive(Debug)]
pub(super) struct Background {
    thread: Option<JoinHandle<()>>,
    /// The thread ends when this is dropped.
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            // A task of the thread itself may hold the last handle.
            && thread.thread().id() != thread::current().id()
        {
            drop(thread.join());
        }
    }
}

impl FakeServer {
    /// Serves on a thread of its own.
    pub(crate) fn start_in_background(server: impl Respond, address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let (started, result) = mpsc::sync_channel(1);
        // The runtime is built and dropped on its thread: the caller may be within another runtime, which forbids it.
        let serve = move || match start(server, listener) {
            Ok((runtime, server)) => {
                // The caller is waiting for it.
                drop(started.send(Ok(server)));
                drop(runtime.block_on(stopped));
            }
            Err(error) => drop(started.send(Err(error))),
        };
        let thread = thread::Builder::new().name("convex-mgmt-fake".to_owned()).spawn(serve)?;
        let background = Background { thread: Some(thread), stop: Some(stop) };
        let mut server = result.recv().map_err(io::Error::other)??;
        server.background = Some(background);
        Ok(server)
    }
}

fn start(server: impl Respond, listener: TcpListener) -> io::Result<(Runtime, FakeServer)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let server = FakeServer::start(server, tokio::net::TcpListener::from_std(listener)?)?;
    drop(guard);
    Ok((runtime, server))
}
