//! `mirror`: copies the documents of a deployment to a database, and follows their changes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program writes to its terminal")]

use std::io::IsTerminal;
use std::process::ExitCode;

use convex_mgmt_mirror::display::Display;
use convex_mgmt_mirror::options::{Options, USAGE};
use convex_mgmt_mirror::run::{End, Exit, run};
use convex_mgmt_mirror::source::Source;
use convex_mgmt_mirror::sqlite::SqliteSink;

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
    let source = match Source::open(&options.from, std::env::var("CONVEX_DEPLOY_KEY").ok().as_deref()).await {
        Ok(source) => source,
        Err(error) => return End::failed(Exit::Usage, error),
    };
    let mut display = Display::new(std::io::stdout(), std::io::stdout().is_terminal());
    display.line(&format!("mirrors {} to {}", source.description, options.database.display()));
    match SqliteSink::open(&options.database, &options.columns) {
        Ok(sink) => run(&source, sink.with_old_rows(options.old_rows), options, &mut display, stopped).await,
        Err(error) => End::failed(Exit::Failed, error),
    }
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
