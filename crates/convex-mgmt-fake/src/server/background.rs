//! [`Background`]: a thread with a tokio runtime of its own, for callers without tokio.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A thread with a tokio runtime. Dropping it stops the runtime and waits for the end of the thread.
#[derive(Debug)]
pub(crate) struct Background {
    thread: Option<JoinHandle<()>>,
    /// The thread ends when this is dropped.
    stop: Option<oneshot::Sender<()>>,
}

impl Background {
    /// Starts a thread, and calls `start` within its runtime. Returns the result of `start`, too.
    pub(crate) fn start<T: Send + 'static>(
        start: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<(T, Self)> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, result) = mpsc::sync_channel(1);
        // The runtime is built and dropped on its thread: the caller may be within another runtime, which forbids it.
        let run = move || match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(async {
                drop(started.send(start()));
                drop(stopped.await);
            }),
            Err(error) => drop(started.send(Err(error))),
        };
        let thread = thread::Builder::new().name("convex-mgmt-fake".to_owned()).spawn(run)?;
        // Dropped on failure, which ends the thread.
        let background = Self { thread: Some(thread), stop: Some(stop) };
        let started = result.recv().map_err(io::Error::other)??;
        Ok((started, background))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            // A task of the thread itself may own the server.
            && thread.thread().id() != thread::current().id()
        {
            drop(thread.join());
        }
    }
}
