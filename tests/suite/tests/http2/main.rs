//! What servers and callers do to streams and connections of HTTP/2: refuse them, close them, fall silent, or do not go on.

use std::time::Duration;

use convex_mgmt::{ClientBuilder, DeploymentApi, DeploymentClient, Error, Idempotency, RetryPolicy};
use convex_mgmt_suite::classes;
use convex_mgmt_suite::frames::{FrameServer, Frames};

mod stress;
mod unpolled;
mod unprocessed;
mod unresponsive;

/// In this time every case has ended, or something hangs.
const BOUND: Duration = Duration::from_secs(20);

/// A client without further attempts but for what was not processed.
fn single_attempt(server: &FrameServer, proxied: bool) -> ClientBuilder<DeploymentApi> {
    let policy = RetryPolicy::default().max_attempts(1).base_delay(Duration::from_millis(1));
    server.client(proxied).retry(policy)
}

async fn bounded<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(BOUND, work).await.expect("an end in time")
}

/// So many calls of these classes, all at single_attempt, and how they end.
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

/// Answers every request from here on.
async fn respond_to_all(frames: &mut Frames) -> Option<()> {
    loop {
        let id = frames.request().await?;
        frames.respond(id, classes::SUCCESS).await?;
    }
}
