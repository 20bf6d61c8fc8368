//! [`Client::wait_until_ready`]: waits for a deployment that was just created.

use std::time::Duration;

use convex_mgmt_proto::DeploymentApi;
use convex_mgmt_proto::deployment::GetCanonicalUrls;
use http::StatusCode;

use super::handle::Client;
use crate::error::{Advice, Error, ErrorKind};
use crate::service::Transport;
use crate::timer::{Timer, elapsed, jittered, sleep};

/// The longest wait after the first attempt. It doubles with every further one, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

impl<S: Transport, T: Timer> Client<DeploymentApi, S, T> {
    /// Waits until the deployment serves its API. A deployment that was just created may respond with 404 for some seconds, or its host
    /// name may not resolve yet. Source: Convex's command line tool, which repeats every request for this reason.
    ///
    /// It reads the canonical URLs, which every credential of the deployment may do, with growing pauses. After `timeout` it makes
    /// no further attempt. A call that is in flight then is awaited, within its own timeouts.
    ///
    /// The future owns a clone of the client, so it can be spawned like the future of [`Client::send`].
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use convex_mgmt::{DeploymentClient, Error};
    ///
    /// # async fn example(client: DeploymentClient) -> Result<(), Error> {
    /// client.wait_until_ready(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The [`Error`] of the last attempt, after `timeout`, with the number and the time of all attempts. At once for errors that time
    /// does not change, such as a rejected credential.
    pub fn wait_until_ready(&self, timeout: Duration) -> impl Future<Output = Result<(), Error>> + use<S, T> {
        wait(self.clone(), timeout)
    }
}

async fn wait<S: Transport, T: Timer>(client: Client<DeploymentApi, S, T>, timeout: Duration) -> Result<(), Error> {
    let timer = client.timer().clone();
    let (started, mut longest, mut attempts) = (timer.now(), FIRST_PAUSE, 0);
    loop {
        let Err(error) = client.send(&GetCanonicalUrls::new()).await else { return Ok(()) };
        attempts += error.attempts();
        let pause = jittered(&timer, longest);
        let elapsed = elapsed(&timer, started);
        if !may_be_starting(&error) || elapsed.saturating_add(pause) > timeout {
            return Err(error.with_attempts(attempts, elapsed));
        }
        sleep(&timer, pause).await;
        longest = LONGEST_PAUSE.min(2 * longest);
    }
}

/// Returns `true` for the symptoms of a deployment that does not exist everywhere yet.
fn may_be_starting(error: &Error) -> bool {
    error.status() == Some(StatusCode::NOT_FOUND)
        || matches!(error.kind(), ErrorKind::Dns)
        || matches!(error.advice(), Advice::RetryLater { .. })
}
