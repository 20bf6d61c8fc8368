//! HTTP/2: refused streams, closed connections, unresponsive servers, and calls that are not polled.

use std::time::Duration;

use convex_mgmt::{ClientBuilder, DeploymentApi, DeploymentClient, Error, Idempotency, RetryPolicy};
use convex_mgmt_suite::classes;
use convex_mgmt_suite::frames::{FrameServer, Frames};

mod stress;
mod unpolled;
mod unprocessed;
mod unresponsive;

/// The time limit of every case. After it something hangs.
const BOUND: Duration = Duration::from_secs(20);

/// A client with one attempt per call. Only unprocessed requests are retried.
fn single_attempt(server: &FrameServer, proxied: bool) -> ClientBuilder<DeploymentApi> {
    let policy = RetryPolicy::default().max_attempts(1).base_delay(Duration::from_millis(1));
    server.client(proxied).retry(policy)
}

async fn bounded<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(BOUND, work).await.expect("an end in time")
}

/// Makes this number of calls of these classes at once, and returns their results.
async fn burst(client: &DeploymentClient, classes: &'static [Idempotency], calls: usize) -> Vec<Result<(), Error>> {
    let calls: Vec<_> = (0..calls)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { classes::send(&client, classes[n % classes.len()]).await })
        })
        .collect();
    let mut results = Vec::new();
    for call in calls {
        results.push(bounded(call).await.unwrap());
    }
    results
}

/// Responds to every further request.
async fn respond_to_all(frames: &mut Frames) -> Option<()> {
    loop {
        let id = frames.request().await?;
        frames.respond(id, classes::SUCCESS).await?;
    }
}
