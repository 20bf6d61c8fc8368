//! [`sleep`]: a pause of a request, on any runtime.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Waits. A tokio runtime does so with its own timer, so a paused clock takes no time. Elsewhere, a thread waits.
pub(crate) async fn sleep(time: Duration) {
    match Handle::try_current() {
        Ok(_) => tokio::time::sleep(time).await,
        Err(_) => sleep_on_a_thread(time).await,
    }
}

/// Waits on a thread, on any runtime.
pub(crate) async fn sleep_on_a_thread(time: Duration) {
    let (done, elapsed) = oneshot::channel::<()>();
    // Dropping this future disconnects it, which ends the thread early.
    let (_future, dropped) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _ = dropped.recv_timeout(time);
        drop(done);
    });
    drop(elapsed.await);
}
