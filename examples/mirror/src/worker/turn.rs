//! One turn: a deployment is brought up to date by the worker that has its lock.

use std::sync::Arc;
use std::time::Duration;

use convex_mgmt::sync::{Progress, SyncDriver, SyncEvent, SyncLimit};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::list::Deployment;
use super::{WorkerOptions, roster};
use crate::postgres::{PostgresError, PostgresSink, connect};

/// The time after which failing calls end a turn. The next turn tries again, and other deployments have theirs meanwhile.
const GIVE_UP: Duration = Duration::from_secs(10);

/// A turn that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) deployment: Deployment,
    pub(super) outcome: Outcome,
    /// The connection, if it has no lock and can be used again.
    pub(super) connection: Option<Client>,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// Another worker has the deployment, or had it just now.
    Skipped,
    Synced(Box<Progress>),
    /// `is_recorded` is `false` if the other workers do not know of the failure.
    Failed {
        error: String,
        is_recorded: bool,
    },
}

/// Takes a turn, unless another worker is faster.
pub(super) async fn take(
    deployment: Deployment,
    options: Arc<WorkerOptions>,
    connection: Option<Client>,
    limit: SyncLimit,
    stopped: watch::Receiver<bool>,
) -> Ended {
    let result = attempt(&deployment, &options, connection, limit, stopped).await;
    let (outcome, connection) = result.unwrap_or_else(|error| match error {
        PostgresError::Locked { .. } => (Outcome::Skipped, None),
        error => (Outcome::Failed { error: error.to_string(), is_recorded: false }, None),
    });
    Ended { deployment, outcome, connection }
}

/// An error is one of the connection, which is closed then, and its lock with it.
async fn attempt(
    deployment: &Deployment,
    options: &WorkerOptions,
    connection: Option<Client>,
    limit: SyncLimit,
    mut stopped: watch::Receiver<bool>,
) -> Result<(Outcome, Option<Client>), PostgresError> {
    let connection = match connection.filter(|connection| !connection.is_closed()) {
        Some(connection) => connection,
        None => connect(&options.database).await?,
    };
    let sink = PostgresSink::open(connection, &deployment.schema, options.columns.clone()).await?;
    let mut sink = sink.with_old_rows(options.old_rows);
    let url = deployment.client.endpoint().url();
    if !roster::begin(sink.client(), &deployment.schema, url).await? {
        return Ok((Outcome::Skipped, Some(sink.close().await?)));
    }
    let (has_page, mut page) = watch::channel(false);
    let mut driver = SyncDriver::new(deployment.client.clone(), &mut sink)
        .options(options.sync(&deployment.client))
        .give_up_after(GIVE_UP)
        .limit(limit)
        .on_event(|event| {
            if let SyncEvent::Committed { .. } = event {
                has_page.send_replace(true);
            }
        });
    // Without a page, the next turn would begin with the same call, and a page that takes longer than a turn would never arrive.
    let end_of_time = async {
        sleep(options.turn).await;
        let _ = page.wait_for(|has_page| *has_page).await;
    };
    let end_of_turn = async {
        tokio::select! {
            () = end_of_time => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    };
    let result = driver.run_until_up_to_date_or(end_of_turn).await;
    drop(driver);
    let outcome = match result {
        Ok(progress) => {
            roster::end(sink.client(), &deployment.schema, &progress, options.poll).await?;
            Outcome::Synced(Box::new(progress))
        }
        Err(failure) => {
            let error = failure.to_string();
            // After a lost connection, this error is the one to report.
            let is_recorded = roster::fail(sink.client(), &deployment.schema, &error).await.is_ok();
            if !is_recorded {
                return Ok((Outcome::Failed { error, is_recorded }, None));
            }
            Outcome::Failed { error, is_recorded }
        }
    };
    // The turn is recorded. If the schema cannot be unlocked, the lock ends with the connection.
    Ok((outcome, sink.close().await.ok()))
}
