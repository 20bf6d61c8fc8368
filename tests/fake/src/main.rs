//! The fake as a program: `convex-mgmt-fake serve`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::io::Write;
use std::process::ExitCode;

use convex_mgmt_fake::{Fake, Knobs, Plan};
use lexopt::prelude::*;

const USAGE: &str = "\
An in-memory Convex deployment for tests.

usage: convex-mgmt-fake serve [--listen ADDRESS] --deployment NAME --admin-key KEY
                              [--read-only-key KEY]... [--token KEY=ACTION,...]...
                              [--plan JSON] [--knob NAME=VALUE]...

  --listen ADDRESS      where to listen; port 0 is any free one (default 127.0.0.1:0)
  --deployment NAME     the deployment's name
  --admin-key KEY       a key that may do everything, such as 'happy-animal-123|01ab'
  --read-only-key KEY   a key that may read
  --token KEY=ACTIONS   a token that may do these actions, separated by commas; none means all
  --plan JSON           makes it a cloud deployment; '{}' is a dev deployment that is entitled to everything
  --knob NAME=VALUE     changes a setting of the server, such as env-var-count=8

A plan has the fields deploymentType (dev, prod, preview or custom), logStreamingEnabled, streamingExportEnabled,
auditLogRetentionDays (-1 for all), customAuditLogsInLogStreamsConfigEnabled, teamId, projectId, deploymentId, projectName,
projectSlug and reference. Knobs are numbers, times in milliseconds, or two of them as DEFAULT/MAX:
KNOBS.

The first line of its output is 'listening on http://ADDRESS'. It stops on Ctrl-C or SIGTERM.

While it runs, it is controlled over HTTP. A body is a JSON object, or a list of them that are applied in order:
  POST /_fake/faults     {\"fault\":\"answer\",\"status\":503,\"code\":\"TooEarly\"}, or another fault: emptyBody, delay with
                         \"milliseconds\", reset, lostAnswer. \"path\" is the end of the paths it is meant for, \"times\"
                         how many requests meet it. DELETE /_fake/faults takes all away.
  POST /_fake/tables     {\"change\":\"insert\",\"table\":\"messages\",\"document\":{\"body\":\"hello\"}}; the other changes are
                         replace and delete with \"id\", replaceTable with \"documents\", createTable, clearTable and
                         deleteTable. \"component\" is a path such as shop/cart. A list is one transaction.
  POST /_fake/usage      {\"change\":\"add\",\"metric\":\"functionCalls\",\"amount\":1}, set with a \"window\" (day or month),
                         seedStatus with a \"status\" (pending, partial, complete, failed), or evaluateLimits
  POST /_fake/variables  {\"NAME\":\"value\"}; null deletes a variable
  POST /_fake/events     {\"topic\":\"console\",\"fields\":{}}; with ?flush=true the response waits for their delivery
  POST /_fake/clock      {\"milliseconds\":86400000} puts the clock forward
  POST /_fake/keys       {\"change\":\"add\",\"key\":KEY,\"role\":ROLE} with the role admin, readOnly, or token (which may have
                         \"actions\"); {\"change\":\"revoke\",\"key\":KEY}
  GET  /_fake/requests   what was asked; with ?from=NUMBER only from that one on
  GET  /_fake/tables, /_fake/variables, /_fake/clock, /_fake/audit_log
";

fn usage() -> String {
    let lines: Vec<String> = Knobs::NAMES.chunks(5).map(|names| names.join(", ")).collect();
    USAGE.replace("KNOBS", &lines.join(",\n"))
}

struct Options {
    listen: String,
    fake: Fake,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", usage());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("convex-mgmt-fake: {error}\n\n{}", usage());
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

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut listen, mut deployment) = ("127.0.0.1:0".to_owned(), None);
    let (mut admin, mut read_only, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    let (mut plan, mut knobs, mut serve) = (None, Knobs::default(), false);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => listen = parser.value()?.string()?,
            Long("deployment") => deployment = Some(parser.value()?.string()?),
            Long("admin-key") => admin.push(parser.value()?.string()?),
            Long("read-only-key") => read_only.push(parser.value()?.string()?),
            Long("token") => tokens.push(parser.value()?.string()?),
            Long("plan") => plan = Some(parse_plan(&parser.value()?.string()?)?),
            Long("knob") => turn(&mut knobs, &parser.value()?.string()?)?,
            Value(command) if command == "serve" && !serve => serve = true,
            other => return Err(other.unexpected()),
        }
    }
    if !serve {
        return Err("the command `serve` is missing".into());
    }
    let deployment = deployment.ok_or("--deployment is missing")?;
    if admin.is_empty() {
        return Err("--admin-key is missing".into());
    }
    let mut builder = Fake::builder(deployment.as_str()).knobs(knobs);
    if let Some(plan) = plan {
        builder = builder.plan(plan);
    }
    for key in admin {
        named(&key, &deployment, "--admin-key")?;
        builder = builder.admin_key(key);
    }
    for key in read_only {
        named(&key, &deployment, "--read-only-key")?;
        builder = builder.read_only_key(key);
    }
    for token in tokens {
        // A key may end in `=`, an action never does.
        let (key, actions) = token.rsplit_once('=').ok_or("--token is not of the form KEY=ACTION,...")?;
        builder = builder.token(key, actions.split(',').filter(|action| !action.is_empty()));
    }
    Ok(Some(Options { listen, fake: builder.build() }))
}

fn parse_plan(json: &str) -> Result<Plan, lexopt::Error> {
    serde_json::from_str(json).map_err(|error| format!("--plan cannot be read: {error}").into())
}

fn turn(knobs: &mut Knobs, argument: &str) -> Result<(), lexopt::Error> {
    let (name, value) = argument.split_once('=').ok_or("--knob is not of the form NAME=VALUE")?;
    knobs.set(name, value).map_err(|error| format!("--knob: {error}").into())
}

/// An admin key that names another deployment would never be accepted.
fn named(key: &str, deployment: &str, option: &str) -> Result<(), lexopt::Error> {
    match key.split_once('|') {
        Some((name, secret)) if name == deployment && !secret.is_empty() => Ok(()),
        _ => Err(format!("{option} is not of the form '{deployment}|SECRET'").into()),
    }
}

#[tokio::main]
async fn run(Options { listen, fake }: Options) -> std::io::Result<()> {
    let stopped = stop_signals()?;
    let running = fake.serve(&listen).await?;
    let mut output = std::io::stdout();
    writeln!(output, "listening on {}", running.url())?;
    output.flush()?;
    stopped.await;
    Ok(())
}

/// Ends with Ctrl-C or SIGTERM. Both are caught from the call on, not only from the first poll.
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
