//! Receives the events of webhook log streams, and adds up the billing counters.
//!
//! `cargo run -p convex-mgmt --example webhook_receiver --features webhook` uses an embedded in-memory Convex with made-up traffic.
//! With `--listen`, it receives the events of a real deployment.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod embedded;
mod receiver;
mod report;
mod secrets;
mod store;

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use convex_mgmt::Printable;
use lexopt::prelude::*;
use tokio::net::TcpListener;

use self::receiver::Receiver;
use self::secrets::Secrets;
use self::store::Store;

const USAGE: &str = "\
Receives the events of webhook log streams, and adds up the billing counters by deployment and function.

usage: webhook_receiver [--json]
       webhook_receiver --listen ADDRESS --secret-file FILE --state FILE
       webhook_receiver --state FILE [--json]

The first form uses an embedded in-memory Convex with made-up traffic, and prints the sums. The second form receives
deliveries at POST /convex until it is stopped. The third form prints the sums of a state file.

  --listen ADDRESS    listens here, such as 127.0.0.1:8080; put a proxy with TLS before it
  --secret-file FILE  the secrets of the log stream, one per line, the newest first; read again when no secret matches
  --state FILE        keeps the sums and the recent batches here; one receiver per file
  --json              print the sums as JSON to standard output

Each delivery is a line on standard error. The response is 200 after the state is stored, so the server repeats a
delivery that is lost before.

exit status: 0 success; 1 failure; 2 wrong usage
";

enum Mode {
    Embedded,
    Listen { address: SocketAddr, secrets: PathBuf, state: PathBuf },
    Show { state: PathBuf },
}

struct Options {
    mode: Mode,
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("webhook_receiver: {}\n\n{USAGE}", Printable(&error.to_string()));
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("webhook_receiver: {}", Printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut listen, mut secrets, mut state, mut json) = (None, None, None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => listen = Some(parser.value()?.parse()?),
            Long("secret-file") => secrets = Some(PathBuf::from(parser.value()?)),
            Long("state") => state = Some(PathBuf::from(parser.value()?)),
            Long("json") => json = true,
            other => return Err(other.unexpected()),
        }
    }
    let mode = match (listen, secrets, state) {
        (None, None, None) => Mode::Embedded,
        (None, None, Some(state)) => Mode::Show { state },
        (Some(address), Some(secrets), Some(state)) if !json => Mode::Listen { address, secrets, state },
        (Some(_), Some(_), Some(_)) => return Err("--json prints sums: use it without --listen".into()),
        _ => return Err("--listen, --secret-file and --state belong together".into()),
    };
    Ok(Some(Options { mode, json }))
}

async fn run(Options { mode, json }: Options) -> Result<(), Box<dyn StdError>> {
    match mode {
        Mode::Embedded => report::print(&embedded::run().await?, json),
        Mode::Show { state } => report::print(&Store::existing(state)?.state().meter.usage(), json),
        Mode::Listen { address, secrets, state } => {
            let receiver = Receiver::new(Secrets::file(secrets)?, Store::file(state)?);
            let listener = TcpListener::bind(address).await?;
            eprintln!("listening on http://{}/convex", listener.local_addr()?);
            receiver::serve(Arc::new(receiver), listener).await?;
            Ok(())
        }
    }
}
