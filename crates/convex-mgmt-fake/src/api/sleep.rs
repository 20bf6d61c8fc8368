//! [`sleep`]: a pause of a request, on any runtime.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Waits. A tokio runtime does so with its own timer, so a paused clock takes no time. Elsewhere, a thread waits.
pub(crate) async fn sleep(time: Duration) {
    if Handle::try_current().is_ok() {
        return tokio::time::sleep(time).await;
    }
    let (done, elapsed) = oneshot::channel::<()>();
    // Dropping the request disconnects it, which ends the thread early.
    let (_request, dropped) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _ = dropped.recv_timeout(time);
        drop(done);
    });
    drop(elapsed.await);
}
