//! Syncs a deployment's environment variables from an `.env` file: shows the plan, applies it, and lists the result.
//!
//! `cargo run -p convex-mgmt --example env_sync` uses an embedded in-memory deployment.
//! `CONVEX_DEPLOY_KEY=... cargo run -p convex-mgmt --example env_sync -- --url https://... --file .env` uses a real one.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::error::Error as StdError;
use std::process::ExitCode;

use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt::deployment::environment_variables::{Action, EnvironmentPlan, Ownership};
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Client, Credential, DeploymentClient, Endpoint, Error, OnConflict, Operation, Printable};
use convex_mgmt_fake::{Fake, FakeServer};
use lexopt::prelude::*;

const USAGE: &str = "\
Syncs a deployment's environment variables from an .env file.

usage: env_sync [--url URL] [--file FILE] [--prune [--allow-empty]] [--dry-run]

  --url URL     the deployment, such as https://happy-animal-123.convex.cloud, with its key in CONVEX_DEPLOY_KEY
                (default: an embedded in-memory deployment)
  --file FILE   the .env file (default: a sample, for the embedded deployment only)
  --prune       also delete variables that are not in the file
  --allow-empty with --prune, delete all variables if the file has none
  --dry-run     show the plan without changing anything

exit status: 0 success; 1 failure; 2 wrong usage
";

/// The key of the embedded deployment. Made up.
const EMBEDDED_KEY: &str = "happy-animal-123|01c0ffee";

#[derive(Default)]
struct Options {
    /// The URL and the key of a real deployment.
    deployment: Option<(String, String)>,
    file: Option<String>,
    prune: bool,
    allow_empty: bool,
    dry_run: bool,
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
            eprintln!("env_sync: {}\n\n{USAGE}", Printable(&error.to_string()));
            return ExitCode::from(2);
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("env_sync: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("url") => {
                let url = parser.value()?.string()?;
                let key = std::env::var("CONVEX_DEPLOY_KEY");
                let key = key.map_err(|_| "--url needs the deployment's key in the variable CONVEX_DEPLOY_KEY")?;
                options.deployment = Some((url, key));
            }
            Long("file") => options.file = Some(parser.value()?.string()?),
            Long("prune") => options.prune = true,
            Long("allow-empty") => options.allow_empty = true,
            Long("dry-run") => options.dry_run = true,
            other => return Err(other.unexpected()),
        }
    }
    if options.deployment.is_some() && options.file.is_none() {
        return Err("--url requires --file".into());
    }
    if options.allow_empty && !options.prune {
        return Err("--allow-empty requires --prune".into());
    }
    Ok(Some(options))
}

async fn run(options: &Options) -> Result<(), Box<dyn StdError>> {
    let name = Printable(options.file.as_deref().unwrap_or("the sample file"));
    let text = match &options.file {
        Some(file) => std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?,
        None => include_str!("sample.env").to_owned(),
    };
    let read = EnvironmentVariables::from_dotenv_with_warnings(&text);
    let (mut wanted, warnings) = read.map_err(|error| format!("{name}: {error}"))?;
    for warning in warnings {
        eprintln!("warning: {name}: {warning}");
    }
    let skipped = wanted.take_cli_managed();
    if !skipped.is_empty() {
        println!("not sent, because the Convex command line tool owns them: {}", skipped.join(", "));
    }
    if options.prune && wanted.is_empty() && !options.allow_empty {
        return Err(
            format!("{name} has no variables, so --prune would delete all: add --allow-empty to permit this").into()
        );
    }

    // Listens until the end of this function.
    let embedded = if options.deployment.is_none() { Some(embedded_deployment().await?) } else { None };
    let (url, key) = match (&options.deployment, &embedded) {
        (Some((url, key)), _) => (url.clone(), key.as_str()),
        (None, embedded) => (embedded.as_ref().map(FakeServer::url).unwrap_or_default(), EMBEDDED_KEY),
    };
    let credential = Credential::parse(key).map_err(|error| format!("CONVEX_DEPLOY_KEY: {error}"))?;
    let endpoint = Endpoint::new(&url, &credential).map_err(|error| format!("--url: {error}"))?;
    let client = Client::builder(endpoint).user_agent("env_sync").build()?;
    let place = if embedded.is_some() { " (embedded, in memory)" } else { "" };
    println!("deployment: {}{place}", Printable(&url));

    let synced = sync(&client, &wanted, name, options).await;
    if synced.as_ref().err().and_then(|error| error.downcast_ref()).is_some_and(Error::is_auth) {
        eprintln!("the key: {}", credential.compatibility(UpdateEnvironmentVariables::META));
    }
    synced
}

async fn sync(
    client: &DeploymentClient,
    wanted: &EnvironmentVariables,
    name: Printable<'_>,
    options: &Options,
) -> Result<(), Box<dyn StdError>> {
    let owned = if options.prune { Ownership::All } else { Ownership::None };
    let current = client.send(&ListEnvironmentVariables::new()).await?;
    let mut plan = EnvironmentPlan::new(&current, wanted, owned.clone());
    if options.allow_empty {
        plan = plan.allow_delete_all();
    }
    println!("plan from {name}:\n{plan}");
    if options.dry_run {
        plan.operation().map_err(|error| format!("the server would reject the plan: {error}"))?;
        println!("dry run: nothing was changed");
        return Ok(());
    }

    let done = client.apply_environment_plan(&plan, OnConflict::Fail).await?;
    let untouched = done.count(Action::Unchanged) + done.count(Action::Unmanaged);
    println!("changed in one transaction: {}", done.steps().len() - untouched);

    let after = client.send(&ListEnvironmentVariables::new()).await?;
    println!("variables after the change: {}", after.len());
    let second = EnvironmentPlan::new(&after, wanted, owned);
    if !second.is_empty() {
        return Err(format!("a second plan is not empty, so another program writes here too:\n{second}").into());
    }
    println!("a second plan is empty");
    Ok(())
}

/// A deployment with variables to create, update, keep and leave unmanaged for the sample file.
async fn embedded_deployment() -> std::io::Result<FakeServer> {
    Fake::builder("happy-animal-123")
        .admin_key(EMBEDDED_KEY)
        .variable("GREETING", "hi")
        .variable("API_BASE", "https://api.example.com/v2")
        .variable("SET_BY_HAND", "yes")
        .build()
        .serve("127.0.0.1:0")
        .await
}
