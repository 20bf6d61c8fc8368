//! `mirror`: copies the documents of a deployment to a database, and follows their changes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program writes to its terminal")]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use convex_mgmt::{AccessToken, Endpoint, TeamId};
use convex_mgmt_mirror::display::Display;
use convex_mgmt_mirror::options::{Many, ManyFrom, Options, USAGE};
use convex_mgmt_mirror::postgres::{PostgresError, PostgresSink, connect, schema_name};
use convex_mgmt_mirror::run::{End, Exit, now, run};
use convex_mgmt_mirror::source::{Source, SourceError, client};
use convex_mgmt_mirror::sqlite::SqliteSink;
use convex_mgmt_mirror::worker::{DeploymentList, Worker, WorkerOptions};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::read(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("mirror: {error}\nSee mirror --help.");
            return ExitCode::from(Exit::Usage as u8);
        }
    };
    let End { exit, error } = mirror(&options).await;
    if let Some(error) = error {
        eprintln!("mirror: {error}");
    }
    ExitCode::from(exit as u8)
}

async fn mirror(options: &Options) -> End {
    let stopped = match stop_signals() {
        Ok(stopped) => stopped,
        Err(error) => return End::failed(Exit::Failed, format!("cannot handle signals: {error}")),
    };
    if let Some(many) = &options.many {
        return work(options, many, stopped).await;
    }
    let source = match Source::open(&options.from, std::env::var("CONVEX_DEPLOY_KEY").ok().as_deref()).await {
        Ok(source) => source,
        Err(error) => return End::failed(Exit::Usage, error),
    };
    let mut display = Display::new(std::io::stdout(), std::io::stdout().is_terminal());
    if let Some(url) = options.postgres() {
        let sink = match open_postgres(url, &source, options).await {
            Ok(sink) => sink.with_old_rows(options.old_rows),
            Err(error @ PostgresError::Locked { .. }) => return End::failed(Exit::Conflict, error),
            Err(error) => return End::failed(Exit::Failed, error),
        };
        // The URL may contain a password.
        display.line(&format!("mirrors {} to the schema {}", source.description, sink.schema()));
        return run(&source, sink, options, &mut display, stopped).await;
    }
    display.line(&format!("mirrors {} to {}", source.description, options.database.display()));
    match SqliteSink::open(&options.database, &options.columns) {
        Ok(sink) => run(&source, sink.with_old_rows(options.old_rows), options, &mut display, stopped).await,
        Err(error) => End::failed(Exit::Failed, error),
    }
}

async fn open_postgres(url: &str, source: &Source, options: &Options) -> Result<PostgresSink, PostgresError> {
    let usual = || schema_name(source.identity.unwrap_or(source.client.endpoint().url()));
    let schema = options.schema.clone().unwrap_or_else(usual);
    PostgresSink::open(connect(url).await?, &schema, options.columns.clone()).await
}

/// Mirrors many deployments, together with the other workers on the same database.
async fn work(options: &Options, many: &Many, stopped: impl Future<Output = ()>) -> End {
    let list = match &many.from {
        ManyFrom::File(path) => Ok(DeploymentList::file(path)),
        ManyFrom::Team { id, management_url } => team(*id, management_url),
    };
    let mut list = match list {
        Ok(list) => list,
        Err(error) => return End::failed(Exit::Usage, error),
    };
    // A mistake in the file, or in the token, does not heal. Later, a worker keeps the deployments that it has.
    if let Err(error) = list.read().await
        && !error.is_transient()
    {
        return End::failed(Exit::Usage, error);
    }
    let mut settings = WorkerOptions::new(options.postgres().unwrap_or_default());
    settings.at_once = many.at_once;
    settings.poll = options.poll;
    settings.look = options.poll.clamp(Duration::from_millis(50), settings.look);
    settings.selection = options.selection.clone();
    settings.columns = options.columns.clone();
    settings.old_rows = options.old_rows;
    settings.on_selection_change = options.on_selection_change;
    settings.rows_without_checkpoint = options.rows_without_checkpoint;
    let mut display = Display::new(std::io::stdout(), std::io::stdout().is_terminal());
    match Worker::new(settings, list, |event| display.worker(&event, now())).run(stopped).await {
        Ok(()) => End { exit: Exit::Done, error: None },
        Err(error) => End::failed(Exit::Failed, error),
    }
}

fn team(id: TeamId, url: &str) -> Result<DeploymentList, SourceError> {
    let token = std::env::var("CONVEX_ACCESS_TOKEN")
        .map_err(|_| "set CONVEX_ACCESS_TOKEN to a token that may read the data of the team's deployments")?;
    let token = AccessToken::parse(&token).map_err(|error| format!("CONVEX_ACCESS_TOKEN: {error}"))?;
    let endpoint = Endpoint::new(url, &token).map_err(|error| format!("--management-url: {error}"))?;
    Ok(DeploymentList::team(client(endpoint)?, id))
}

/// Completes on the first Ctrl-C or SIGTERM. The second one ends the program at once.
///
/// The handlers are installed by the call, and a task waits for the signals: a long commit does not delay them.
fn stop_signals() -> std::io::Result<impl Future<Output = ()>> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        signals.next().await;
        let _ = sender.send(());
        signals.next().await;
        at_once();
    });
    Ok(async { drop(receiver.await) })
}

#[expect(clippy::exit, reason = "the user asked twice, and a commit may block the main task")]
fn at_once() {
    std::process::exit(Exit::Interrupted as i32);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
