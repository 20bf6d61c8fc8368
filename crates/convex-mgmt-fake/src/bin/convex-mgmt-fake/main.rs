//! The fake as a program: `convex-mgmt-fake serve`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program writes to its terminal")]

mod options;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use options::{Options, options};
use usage::usage;

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", usage());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            // The help is longer than a screen: the reason would scroll away.
            eprintln!("convex-mgmt-fake: {error}\nFor the arguments: convex-mgmt-fake --help");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("convex-mgmt-fake: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(Options { deployment, control_plane, writes }: Options) -> std::io::Result<()> {
    let stopped = stop_signals()?;
    let (mut writing, mut server) = (None, None);
    if let Some((fake, address)) = deployment {
        server = Some(fake.serve(&address).await?);
        writing = writes.map(|(rate, seed)| fake.start_writes(rate, seed));
    }
    let control_plane = match control_plane {
        Some((plane, address)) => Some(plane.serve(&address).await?),
        None => None,
    };
    let mut lines = String::new();
    if let Some(server) = server.as_ref().or(control_plane.as_ref()) {
        lines += &format!("listening on {}\n", server.url());
    }
    if let Some(server) = &control_plane {
        lines += &format!("control plane on {}\n", server.url());
    }
    // At once: a reader may close the pipe after the first line.
    let mut output = std::io::stdout();
    output.write_all(lines.as_bytes())?;
    output.flush()?;
    stopped.await;
    drop(writing);
    Ok(())
}

/// Completes on Ctrl-C or SIGTERM. The handlers are installed by the call, not by the first poll.
#[cfg(unix)]
fn stop_signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signals() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
