//! [`Roster`]: the turns of all deployments of a database.

use std::time::Duration;

use convex_mgmt::sync::Progress;
use tokio_postgres::Client;

use crate::postgres::{LOCK_KEY, PostgresError, connect};

/// The tables of all workers. Two workers may create them at the same time, so a lock for the transaction lets one wait.
const CREATE: &str = "
    SELECT pg_advisory_xact_lock(hashtextextended('convex-mgmt-mirror', 1));
    CREATE SCHEMA IF NOT EXISTS _convex_mirror;
    CREATE TABLE IF NOT EXISTS _convex_mirror.deployments (
        schema text PRIMARY KEY, deployment text NOT NULL, worker text, began_at timestamptz, ended_at timestamptz,
        next_at timestamptz NOT NULL DEFAULT now(), up_to_date boolean, failures integer NOT NULL DEFAULT 0, error text)";

/// The pause after a failed turn grows from 5 s to 10 min.
const RETRY: &str = "least(600, 5 * 2 ^ least(failures, 10)) * interval '1 second'";

/// A connection that looks for deployments whose turn it is. It has no locks.
#[derive(Debug)]
pub(super) struct Roster(Client);

impl Roster {
    pub(super) async fn open(url: &str) -> Result<Self, PostgresError> {
        let client = connect(url).await?;
        let step = || PostgresError::at("create the schema _convex_mirror");
        let exists = "SELECT to_regclass('_convex_mirror.deployments') IS NOT NULL";
        if !client.query_one(exists, &[]).await.map_err(step())?.get::<_, bool>(0) {
            client.batch_execute(&format!("BEGIN; {CREATE}; COMMIT")).await.map_err(step())?;
        }
        Ok(Self(client))
    }

    /// Returns the schemas that are due and not locked, those that have waited longest first.
    pub(super) async fn due(&self, schemas: &[&str], limit: usize) -> Result<Vec<String>, PostgresError> {
        let key = LOCK_KEY.replace("$1::text", "candidate.name");
        let due = format!(
            "SELECT candidate.name FROM unnest($1::text[]) AS candidate (name) \
             LEFT JOIN _convex_mirror.deployments AS known ON known.schema = candidate.name \
             WHERE coalesce(known.next_at <= now(), true) AND {key} NOT IN ( \
                 SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) \
             ORDER BY known.next_at NULLS FIRST, random() LIMIT $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.0.query(&due, &[&schemas, &limit]).await;
        let rows = rows.map_err(PostgresError::at("look for deployments that are due"))?;
        Ok(rows.into_iter().map(|row| row.get(0)).collect())
    }
}

/// Begins a turn. Returns `false` if another worker had one since this deployment was due. The client has the lock of the schema.
pub(super) async fn begin(client: &Client, schema: &str, deployment: &str) -> Result<bool, PostgresError> {
    let begin = "INSERT INTO _convex_mirror.deployments AS known (schema, deployment, worker, began_at) \
        VALUES ($1, $2, coalesce(host(inet_client_addr()), 'local') || ' process ' || $3, now()) \
        ON CONFLICT (schema) DO UPDATE SET deployment = excluded.deployment, worker = excluded.worker, \
        began_at = excluded.began_at WHERE known.next_at <= now()";
    let process = std::process::id().to_string();
    let begun = client.execute(begin, &[&schema, &deployment, &process]).await;
    Ok(begun.map_err(PostgresError::at("begin a turn"))? > 0)
}

/// Ends a turn without a failure. The next one is at once if the copy is not up to date.
pub(super) async fn end(
    client: &Client,
    schema: &str,
    progress: &Progress,
    pause: Duration,
) -> Result<(), PostgresError> {
    let end = "UPDATE _convex_mirror.deployments SET ended_at = now(), next_at = now() + $2 * interval '1 second', \
        up_to_date = $3, failures = 0, error = NULL WHERE schema = $1";
    let is_up_to_date = progress.is_up_to_date();
    let pause = if is_up_to_date { pause.as_secs_f64() } else { 0.0 };
    client.execute(end, &[&schema, &pause, &is_up_to_date]).await.map_err(PostgresError::at("end a turn"))?;
    Ok(())
}

/// Ends a turn with a failure.
pub(super) async fn fail(client: &Client, schema: &str, error: &str) -> Result<(), PostgresError> {
    let fail = format!(
        "UPDATE _convex_mirror.deployments SET ended_at = now(), next_at = now() + {RETRY}, up_to_date = false, \
         failures = failures + 1, error = $2 WHERE schema = $1"
    );
    let error = error.replace('\0', " ");
    client.execute(&fail, &[&schema, &error]).await.map_err(PostgresError::at("end a turn"))?;
    Ok(())
}
