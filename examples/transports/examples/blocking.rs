//! Calls a deployment without async code: a plan of environment variables, pages, and a data sync.
//!
//! `cargo run -p convex-mgmt-transports --example blocking` uses an embedded in-memory deployment. With `CONVEX_URL` and
//! `CONVEX_DEPLOY_KEY` it uses a real one, where it sets and deletes the variable `CONVEX_MGMT_EXAMPLE`. The URL is `http`, as that of a
//! local deployment, because the program is built without TLS.
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "support/place.rs"]
mod place;

use std::error::Error;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use convex_mgmt::deployment::environment_variables::{EnvironmentPlan, EnvironmentVariables, Ownership};
use convex_mgmt::deployment::{ListAuditLogEvents, ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::proto::{CallError, Pager};
use convex_mgmt::sync::{MemorySink, SyncEngine, SyncOptions};
use convex_mgmt::{DeploymentApi, Endpoint, ErrorCode, UnixMillis};
use convex_mgmt_transports::blocking::Blocking;
use place::Place;

type Failure = Box<dyn Error>;

/// The variable that this program sets and deletes.
const VARIABLE: &str = "CONVEX_MGMT_EXAMPLE";

fn main() -> Result<(), Failure> {
    let place = Place::from_env()?;
    let client = Blocking::new(place.endpoint.clone(), (Duration::from_secs(30), Duration::from_secs(90)));
    print!("{}{}{}", place.headline(), plan(&client)?, pages(&client)?);
    client.call(&UpdateEnvironmentVariables::new().delete(VARIABLE))?;
    print!("{}", copy(&client, &place.endpoint)?);
    Ok(())
}

/// Plans the variables of this program, and applies the plan.
fn plan(client: &Blocking) -> Result<String, Failure> {
    let mut wanted = EnvironmentVariables::new();
    wanted.insert(VARIABLE, "hello");
    let plan = |current: &EnvironmentVariables| EnvironmentPlan::new(current, &wanted, Ownership::None);
    let current = client.call(&ListEnvironmentVariables::new())?;
    let first = plan(&current);
    // Another program may have changed a variable since.
    if let Some(update) = first.rebase(&client.call(&ListEnvironmentVariables::new())?)?.operation()? {
        client.call(&update)?;
    }
    let second = plan(&client.call(&ListEnvironmentVariables::new())?);
    Ok(format!("plan:\n{first}\nafter the plan, changes left: {}\n", if second.is_empty() { "no" } else { "yes" }))
}

/// Walks the audit log.
fn pages(client: &Blocking) -> Result<String, Failure> {
    let (mut pages, mut events) = (0, 0);
    let mut pager = Pager::new(ListAuditLogEvents::new(UnixMillis(0)).limit(1));
    while let Some(request) = pager.request()? {
        match client.call(request) {
            Ok(page) => events += pager.accept(page).len(),
            // Self-hosted deployments and some plans have none, or not from the beginning.
            Err(error) if matches!(error.code(), Some(ErrorCode::AuditLogsDisabled | ErrorCode::AuditLogsTooOld)) => {
                return Ok(format!("audit log: {error}\n"));
            }
            Err(error) => return Err(error.into()),
        }
        pages += 1;
    }
    Ok(format!("audit log: events {events}, pages {pages}\n"))
}

/// Copies all documents into memory.
fn copy(client: &Blocking, endpoint: &Endpoint<DeploymentApi>) -> Result<String, Failure> {
    let mut sink = MemorySink::new();
    let mut engine = SyncEngine::new(sink.state(), SyncOptions::new(endpoint))?;
    loop {
        let page = match client.call(engine.request()) {
            Ok(page) => page,
            // The server no longer accepts the cursor. A new copy begins.
            Err(error) if error.code().is_some_and(|code| engine.recover(code)) => continue,
            Err(error) => return sync_error(error),
        };
        let batch = engine.accept(page, SystemTime::now().try_into()?)?;
        sink.commit(&batch)?;
        let is_up_to_date = batch.is_up_to_date();
        let pause = engine.confirm(batch, 0.5)?;
        if is_up_to_date {
            let tables = sink.tables().map(|(table, rows)| format!("{table} {}", rows.len())).collect::<Vec<_>>();
            return Ok(format!("documents: {}\n", tables.join(", ")));
        }
        sleep(pause);
    }
}

/// Reports a plan without data sync.
fn sync_error(error: CallError<ureq::Error>) -> Result<String, Failure> {
    match error.code() {
        Some(ErrorCode::StreamingExportNotEnabled) => Ok(format!("documents: {error}\n")),
        _ => Err(error.into()),
    }
}
