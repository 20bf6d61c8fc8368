//! The fake as a program: `convex-mgmt-fake serve`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program writes to its terminal")]

use std::io::Write;
use std::process::ExitCode;

use convex_mgmt_fake::{Fake, Knobs, Plan};
use lexopt::prelude::*;

const USAGE: &str = "\
An in-memory Convex deployment for tests.

usage: convex-mgmt-fake serve [--listen ADDRESS] --deployment NAME --admin-key KEY
                              [--read-only-key KEY]... [--token KEY=ACTION,...]...
                              [--plan JSON] [--knob NAME=VALUE]...

  --listen ADDRESS      the address to listen on; port 0 selects a free port (default 127.0.0.1:0)
  --deployment NAME     the name of the deployment
  --admin-key KEY       a key with all permissions, such as 'happy-animal-123|01ab'
  --read-only-key KEY   a key with read permissions
  --token KEY=ACTIONS   a token that permits these actions, separated by commas; no actions permit everything
  --plan JSON           makes it a cloud deployment; '{}' is a dev deployment with every entitlement
  --knob NAME=VALUE     changes a setting of the server, such as max-env-vars=8

A plan has the fields deploymentType (dev, prod, preview or custom), logStreamingEnabled, streamingExportEnabled,
auditLogRetentionDays (-1 for all), customAuditLogsInLogStreamsConfigEnabled, teamId, projectId, deploymentId, projectName,
projectSlug and reference. The value of a knob is a number, a time in milliseconds, or two of them as DEFAULT/MAX:
KNOBS.

The first line of the output is 'listening on http://ADDRESS'. The program stops on Ctrl-C or SIGTERM.

While it runs, a test controls it over HTTP. A body is a JSON object, or a list of objects that are applied in order:
  POST /_fake/faults     {\"fault\":\"response\",\"status\":503,\"code\":\"TooEarly\"}, or another fault: emptyBody, delay with
                         \"milliseconds\", reset, lostResponse. \"path\" is the end of the matching paths, \"times\" the number
                         of requests that receive it. DELETE /_fake/faults removes all faults.
  POST /_fake/tables     {\"change\":\"insert\",\"table\":\"messages\",\"document\":{\"body\":\"hello\"}}; the other changes are
                         replace and delete with \"id\", replaceTable with \"documents\", createTable, clearTable and
                         deleteTable. \"component\" is a path such as shop/cart. A list is one transaction.
  POST /_fake/usage      {\"change\":\"add\",\"metric\":\"functionCalls\",\"amount\":1}, set with a \"window\" (day or month),
                         seedStatus with a \"status\" (pending, partial, complete, failed), or evaluateLimits
  POST /_fake/variables  {\"NAME\":\"value\"}; null deletes a variable
  POST /_fake/events     {\"topic\":\"console\",\"fields\":{}}; with ?flush=true the response waits for the delivery
  POST /_fake/clock      {\"milliseconds\":86400000} advances the clock
  POST /_fake/keys       {\"change\":\"add\",\"key\":KEY,\"role\":ROLE} with the role admin, readOnly, or token (which may have
                         \"actions\"); {\"change\":\"revoke\",\"key\":KEY}
  GET  /_fake/requests   the recorded requests; ?from=NUMBER skips those before
  GET  /_fake/tables, /_fake/variables, /_fake/clock, /_fake/audit_log
";

fn usage() -> String {
    let lines: Vec<String> = Knobs::names().chunks(4).map(|names| names.join(", ")).collect();
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
            Long("knob") => set_knob(&mut knobs, &parser.value()?.string()?)?,
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
        check_key(&key, &deployment, "--admin-key")?;
        builder = builder.admin_key(key);
    }
    for key in read_only {
        check_key(&key, &deployment, "--read-only-key")?;
        builder = builder.read_only_key(key);
    }
    for token in tokens {
        // A key may end in `=`, an action cannot.
        let (key, actions) = token.rsplit_once('=').ok_or("--token must have the form KEY=ACTION,...")?;
        builder = builder.token(key, actions.split(',').filter(|action| !action.is_empty()));
    }
    Ok(Some(Options { listen, fake: builder.build() }))
}

fn parse_plan(json: &str) -> Result<Plan, lexopt::Error> {
    serde_json::from_str(json).map_err(|error| format!("invalid --plan: {error}").into())
}

fn set_knob(knobs: &mut Knobs, argument: &str) -> Result<(), lexopt::Error> {
    let (name, value) = argument.split_once('=').ok_or("--knob must have the form NAME=VALUE")?;
    knobs.set(name, value).map_err(|error| format!("--knob: {error}").into())
}

/// Rejects an admin key that does not name the deployment, which would never accept it.
fn check_key(key: &str, deployment: &str, option: &str) -> Result<(), lexopt::Error> {
    match key.split_once('|') {
        Some((name, secret)) if name == deployment && !secret.is_empty() => Ok(()),
        _ => Err(format!("{option} must have the form '{deployment}|SECRET'").into()),
    }
}

#[tokio::main]
async fn run(Options { listen, fake }: Options) -> std::io::Result<()> {
    let stopped = stop_signals()?;
    let server = fake.serve(&listen).await?;
    let mut output = std::io::stdout();
    writeln!(output, "listening on {}", server.url())?;
    output.flush()?;
    stopped.await;
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
