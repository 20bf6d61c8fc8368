//! [`Worker`]: one of any number of processes that share the mirroring of many deployments to one PostgreSQL database.
//!
//! Workers need nothing but the database. A worker takes the deployment that has waited longest, syncs it until it is up to date,
//! and releases it until its next turn. During the turn it has the lock of the deployment's schema, so no two workers mirror the same
//! deployment. The lock ends with the connection of the worker. So another worker takes over from one that died, at the page that
//! it stored last.
//!
//! The table `_convex_mirror.deployments` has the turns: a view for people, and the order for the workers. The copies do not
//! depend on it.

mod event;
mod list;
mod roster;
mod turn;

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use convex_mgmt::DeploymentClient;
use convex_mgmt::deployment::data_sync::Selection;
use convex_mgmt::sync::{OldRows, OnSelectionChange, SyncLimit, SyncOptions};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

pub use self::event::WorkerEvent;
pub use self::list::{Deployment, DeploymentList, ListError};
use self::roster::Roster;
use self::turn::{Ended, Outcome};
use crate::columns::Columns;
use crate::postgres::PostgresError;

/// The pause between two readings of the list of deployments.
const READ_LIST: Duration = Duration::from_secs(60);
/// The shortest time between two looks.
const TOGETHER: Duration = Duration::from_millis(20);
/// The pause after a list that cannot be read.
const READ_LIST_AGAIN: Duration = Duration::from_secs(5);
/// The pause after a lost connection to the database.
const RECONNECT: Duration = Duration::from_secs(2);

/// The settings of a worker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// The URL of the database.
    pub database: String,
    /// The maximum number of deployments that the worker mirrors at the same time. Default 8.
    pub at_once: usize,
    /// The maximum number of pages in memory. Default 4.
    pub pages: usize,
    /// The time from the end of a turn that brought a deployment up to date to its next one. Default 10 s.
    pub poll: Duration,
    /// The maximum length of a turn, so that large deployments do not keep others waiting. A turn lasts longer if it has no page
    /// by then. Default 60 s.
    pub turn: Duration,
    /// The pause between two looks for deployments that are due. It bounds the time until this worker takes over from one that
    /// died. Default 1 s.
    pub look: Duration,
    /// The documents to mirror.
    pub selection: Selection,
    /// The extra columns.
    pub columns: Columns,
    /// The old rows when a new copy begins.
    pub old_rows: OldRows,
    /// The reaction to a checkpoint with another selection.
    pub on_selection_change: OnSelectionChange,
    /// The handling of rows without a checkpoint.
    pub rows_without_checkpoint: Option<OldRows>,
}

impl WorkerOptions {
    /// Creates the default options for a database.
    pub fn new(database: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            at_once: 8,
            pages: 4,
            poll: Duration::from_secs(10),
            turn: Duration::from_secs(60),
            look: Duration::from_secs(1),
            selection: Selection::all(),
            columns: Columns::new(),
            old_rows: OldRows::default(),
            on_selection_change: OnSelectionChange::default(),
            rows_without_checkpoint: None,
        }
    }

    fn sync(&self, client: &DeploymentClient) -> SyncOptions {
        let options = SyncOptions::new(client.endpoint())
            .selection(self.selection.clone())
            .on_selection_change(self.on_selection_change);
        match self.rows_without_checkpoint {
            Some(rows) => options.rows_without_checkpoint(rows),
            None => options,
        }
    }
}

/// Mirrors the deployments of a list, together with other workers on the same database.
#[derive(Debug)]
pub struct Worker<H> {
    options: Arc<WorkerOptions>,
    list: DeploymentList,
    on_event: H,
    /// The deployments by their schema.
    deployments: BTreeMap<String, Deployment>,
    /// The schemas of the turns in progress, by their task.
    busy: HashMap<Id, String>,
    /// Connections that can be used for another turn.
    idle: Vec<tokio_postgres::Client>,
    /// Schemas that this worker leaves to others for a while.
    not_before: HashMap<String, Instant>,
}

impl<H: FnMut(WorkerEvent<'_>)> Worker<H> {
    /// Creates a worker.
    pub fn new(options: WorkerOptions, list: DeploymentList, on_event: H) -> Self {
        Self {
            options: Arc::new(options),
            list,
            on_event,
            deployments: BTreeMap::new(),
            busy: HashMap::new(),
            idle: Vec::new(),
            not_before: HashMap::new(),
        }
    }

    /// Works until `until` completes. Then it finishes the commits in progress.
    ///
    /// A lost connection, a failing deployment and a list that cannot be read are events, and the worker continues.
    ///
    /// # Errors
    /// A database that cannot be used at the start.
    pub async fn run(mut self, until: impl Future<Output = ()>) -> Result<(), PostgresError> {
        let mut until = pin!(until);
        let (stop, stopped) = watch::channel(false);
        let limit = SyncLimit::new(self.options.pages);
        let mut turns: JoinSet<Ended> = JoinSet::new();
        let mut roster = Some(Roster::open(&self.options.database).await?);
        let mut next_list = Instant::now();
        loop {
            let now = Instant::now();
            let work = async {
                if next_list <= now {
                    next_list = now + self.read_list().await;
                }
                self.look(&mut roster).await
            };
            let due = tokio::select! {
                biased;
                () = &mut until => break,
                due = work => due,
            };
            for schema in due {
                let Some(deployment) = self.deployments.get(&schema).cloned() else { continue };
                let (options, connection) = (Arc::clone(&self.options), self.idle.pop());
                let turn = turn::take(deployment, options, connection, limit.clone(), stopped.clone());
                self.busy.insert(turns.spawn(turn).id(), schema);
            }
            let pause = if roster.is_some() { self.options.look } else { RECONNECT };
            let mut look = pin!(sleep(pause));
            tokio::select! {
                biased;
                () = &mut until => break,
                () = &mut look => {}
                Some(ended) = turns.join_next_with_id() => {
                    self.end(ended);
                    // Turns that end at the same time leave room for several deployments, and others may be due soon.
                    sleep_until(now + TOGETHER).await;
                }
            }
            while let Some(ended) = turns.try_join_next_with_id() {
                self.end(ended);
            }
        }
        stop.send_replace(true);
        while let Some(ended) = turns.join_next_with_id().await {
            self.end(ended);
        }
        Ok(())
    }

    /// Reads the list of deployments, and keeps the old one if that fails. Returns the pause before it is read again.
    async fn read_list(&mut self) -> Duration {
        match self.list.read().await {
            Ok(deployments) => {
                self.deployments = deployments.into_iter().map(|one| (one.schema.clone(), one)).collect();
                (self.on_event)(WorkerEvent::Listed { deployments: self.deployments.len() });
                READ_LIST
            }
            Err(error) => {
                (self.on_event)(WorkerEvent::NotListed { error: &error });
                READ_LIST_AGAIN
            }
        }
    }

    /// Returns the schemas to mirror next, those that have waited longest first.
    async fn look(&mut self, roster: &mut Option<Roster>) -> Vec<String> {
        let free = self.options.at_once.max(1).saturating_sub(self.busy.len());
        let now = Instant::now();
        self.not_before.retain(|_, until| *until > now);
        let is_busy = |schema: &String| self.busy.values().any(|busy| busy == schema);
        let is_free = |schema: &&String| !is_busy(schema) && !self.not_before.contains_key(*schema);
        let candidates: Vec<&str> = self.deployments.keys().filter(is_free).map(String::as_str).collect();
        if free == 0 || candidates.is_empty() {
            return Vec::new();
        }
        let due = match roster {
            Some(roster) => roster.due(&candidates, free).await,
            None => match Roster::open(&self.options.database).await {
                Ok(opened) => roster.insert(opened).due(&candidates, free).await,
                Err(error) => Err(error),
            },
        };
        due.unwrap_or_else(|error| {
            *roster = None;
            (self.on_event)(WorkerEvent::Disconnected { error: &error });
            Vec::new()
        })
    }

    fn end(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, Some(ended)),
            Err(error) => (error.id(), None),
        };
        self.busy.remove(&id);
        // A turn that panicked: its connection is closed, and its deployment is due.
        let Some(Ended { deployment, outcome, connection }) = ended else { return };
        self.idle.extend(connection);
        let deployment_url = deployment.client.endpoint().url();
        match &outcome {
            // Another worker was faster.
            Outcome::Skipped => {}
            Outcome::Synced(progress) => (self.on_event)(WorkerEvent::Synced { deployment: deployment_url, progress }),
            Outcome::Failed { error, is_recorded } => {
                if !is_recorded {
                    self.not_before.insert(deployment.schema.clone(), Instant::now() + RECONNECT);
                }
                (self.on_event)(WorkerEvent::Failed { deployment: deployment_url, error });
            }
        }
    }
}
