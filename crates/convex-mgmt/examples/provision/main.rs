//! Goes from an access token to a configured deployment, reads it back, and removes it again. The steps are in `steps.rs`.
//!
//! `cargo run -p convex-mgmt --example provision` uses an embedded in-memory Convex.
//! `CONVEX_ACCESS_TOKEN=... cargo run -p convex-mgmt --example provision` uses the real service, and asks before it deletes.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod report;
mod steps;

use std::env::{self, VarError};
use std::error::Error as StdError;
use std::process::ExitCode;

use convex_mgmt::deployment::log_streams::{NewStream, NewWebhook, WebhookFormat};
use convex_mgmt::management::deployments::reference;
use convex_mgmt::{AccessToken, Client, Endpoint, ManagementApi, Printable, TeamId};
use convex_mgmt_fake::{FakeControlPlane, FakeServer, TokenClass};
use lexopt::prelude::*;

use self::report::{Consent, Report};
use self::steps::Wanted;

const USAGE: &str = "\
Goes from an access token to a configured deployment: finds or creates a project, a deployment and a deploy key,
sets environment variables and a log stream, reads them back, and removes everything again.

usage: provision [--project NAME] [--reference REFERENCE] [--team ID] [--webhook URL] [--keep] [--yes] [--json]

  --project NAME         the name of the project (default: provision example)
  --reference REFERENCE  the reference of the deployment in the project (default: provision-example)
  --team ID              the id of the team, for a personal access token
  --webhook URL          receives the logs (default: a made-up URL for the embedded Convex, no log stream otherwise)
  --keep                 remove nothing at the end
  --yes                  delete without a question, except a deployment with deployed code
  --json                 print JSON lines to standard output

environment:
  CONVEX_ACCESS_TOKEN    a personal, team or OAuth token (default: an embedded in-memory Convex)
  CONVEX_PROVISION_HOST  the URL of the Management API (default: https://api.convex.dev)

It finds a project by its name, a deployment by its reference, a deploy key by its name and a log stream by its kind.
So it can be started again after a failure, or to remove what --keep left. A deploy key with the same name is
replaced, because the API returns its secret once. The project is deleted only if it has no other deployment. A token
of a project uses that project, and does not delete it. Before the program deletes anything of a real service, it shows
what would be lost and reads the answer from standard input.

Each line of --json has the fields step and outcome, and the fields of the object, such as name and id. The outcomes
are embedded, remote, found, created, changed, unchanged, verified, deleted, kept and skipped. The last line has the
step end and the outcome success; or the step that failed, the outcome failed, and the fields error, causes and created.

exit status: 0 success; 1 failure; 2 wrong usage
";

const PRODUCTION: &str = "https://api.convex.dev";

/// The token of the embedded control plane. Made up. `team:SLUG|` would make it an OAuth token, which does not create new secrets.
const EMBEDDED_TOKEN: &str = "01c0ffee";

struct Options {
    /// The URL and the token of a real service.
    service: Option<(String, String)>,
    wanted: Wanted,
    keep: bool,
    yes: bool,
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
            eprintln!("provision: {}\n\n{USAGE}", Printable(&error.to_string()));
            return ExitCode::from(2);
        }
    };
    // Nothing of value is in the embedded Convex.
    let consent = if options.yes || options.service.is_none() { Consent::Given } else { Consent::Ask };
    let mut report = Report::new(options.json, consent);
    match run(&options, &mut report).await {
        Ok(()) => {
            report.end();
            ExitCode::SUCCESS
        }
        Err(error) => {
            report.fail(&*error);
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (token, host) = (variable("CONVEX_ACCESS_TOKEN")?, variable("CONVEX_PROVISION_HOST")?);
    let service = match (token, host) {
        (Some(token), host) => Some((host.unwrap_or_else(|| PRODUCTION.to_owned()), token)),
        (None, Some(_)) => return Err("CONVEX_PROVISION_HOST needs a token in the variable CONVEX_ACCESS_TOKEN".into()),
        (None, None) => None,
    };
    let wanted = Wanted::new("provision example", "provision-example");
    let mut options = Options { service, wanted, keep: false, yes: false, json: false };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("project") => options.wanted.project = parser.value()?.string()?,
            Long("reference") => {
                options.wanted.reference = parser.value()?.string()?;
                reference::check(&options.wanted.reference).map_err(|error| format!("--reference: {error}"))?;
            }
            Long("team") => {
                let id =
                    parser.value()?.parse().map_err(|error| format!("--team must be the id of a team: {error}"))?;
                options.wanted.team = Some(TeamId(id));
            }
            Long("webhook") => {
                let url = parser.value()?.string()?;
                NewWebhook::new(&url, WebhookFormat::Jsonl).check().map_err(|error| format!("--webhook: {error}"))?;
                options.wanted.webhook = Some(url);
            }
            Long("keep") => options.keep = true,
            Long("yes") => options.yes = true,
            Long("json") => options.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn variable(name: &str) -> Result<Option<String>, lexopt::Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8").into()),
    }
}

async fn run(options: &Options, report: &mut Report) -> Result<(), Box<dyn StdError>> {
    let mut wanted = options.wanted.clone();
    // Listens until the end of this function.
    let embedded = if options.service.is_none() { Some(embedded_control_plane().await?) } else { None };
    let (url, token) = match (&options.service, &embedded) {
        (Some((url, token)), _) => (url.clone(), token.as_str()),
        (None, embedded) => {
            wanted.webhook.get_or_insert_with(|| "https://logs.example.com/convex".to_owned());
            (embedded.as_ref().map(FakeServer::url).unwrap_or_default(), EMBEDDED_TOKEN)
        }
    };
    let token = AccessToken::parse(token).map_err(|error| format!("CONVEX_ACCESS_TOKEN: {error}"))?;
    let endpoint = Endpoint::<ManagementApi>::new(&url, &token);
    let endpoint = endpoint.map_err(|error| format!("CONVEX_PROVISION_HOST: {error}"))?;
    let management = Client::builder(endpoint).user_agent("provision").require_confirmation().build()?;
    report.begin("control plane");
    report.done(if embedded.is_some() { "embedded" } else { "remote" }, &[("url", (&*url).into())]);

    let provisioned = steps::provision(&management, &wanted, report).await?;
    if options.keep {
        report.begin("removal");
        report.done("kept", &[]);
        return Ok(());
    }
    steps::remove(&management, provisioned, report).await
}

/// A control plane with a team and its token.
async fn embedded_control_plane() -> std::io::Result<FakeServer> {
    FakeControlPlane::builder("acme").token(TokenClass::Team, EMBEDDED_TOKEN).build().serve("127.0.0.1:0").await
}
