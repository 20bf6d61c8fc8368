//! A web application that users connect with their Convex team: a page with a button, the callback, and the list of the team's projects.
//!
//! `cargo run -p convex-mgmt --example oauth_app --features oauth-random` uses an embedded in-memory Convex. With environment variables it
//! uses a registered application.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

mod page;
mod server;
mod sessions;
mod settings;

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::process::ExitCode;

use convex_mgmt::Printable;
use convex_mgmt::oauth::OAuthClient;
use convex_mgmt_fake::FakeControlPlane;
use lexopt::prelude::*;
use tokio::net::TcpListener;

use self::server::Server;
use self::settings::Settings;

const USAGE: &str = "\
Serves a web application that users connect with their Convex team. It lists the projects of the team.

usage: oauth_app [--listen ADDRESS]

  --listen ADDRESS  listens here; the default is 127.0.0.1:0, a free port

Without the environment variables below it uses an embedded in-memory Convex.

  CONVEX_OAUTH_CLIENT_ID         the client id of the registered application
  CONVEX_OAUTH_CLIENT_SECRET     its client secret
  CONVEX_OAUTH_REDIRECT_URI      a registered redirect URI that leads to /callback of this program
  CONVEX_OAUTH_AUTHORIZE_ORIGIN  the origin of the dashboard, if it is not Convex's
  CONVEX_OAUTH_TOKEN_ORIGIN      the origin of the Management API, if it is not Convex's

exit status: 1 failure; 2 wrong usage
";

#[tokio::main]
async fn main() -> ExitCode {
    let wrong_usage = |error: &dyn std::fmt::Display| {
        eprintln!("oauth_app: {}\n\n{USAGE}", Printable(&error.to_string()));
        ExitCode::from(2)
    };
    let address = match address() {
        Ok(Some(address)) => address,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return wrong_usage(&error),
    };
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(error) => return wrong_usage(&error),
    };
    match run(address, settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oauth_app: {}", Printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn address() -> Result<Option<SocketAddr>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("listen") => address = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(address))
}

async fn run(address: SocketAddr, settings: Option<Settings>) -> Result<(), Box<dyn StdError>> {
    let listener = TcpListener::bind(address).await?;
    let url = format!("http://{}", listener.local_addr()?);
    match settings {
        Some(settings) => serve(listener, &url, settings).await,
        None => {
            let (settings, plane) = Settings::embedded(&url);
            plane.add_project("shop");
            plane.add_project("blog");
            let convex = plane.serve("127.0.0.1:0").await?;
            serve(listener, &url, settings.at(convex.url())).await
        }
    }
}

async fn serve(listener: TcpListener, url: &str, settings: Settings) -> Result<(), Box<dyn StdError>> {
    let oauth = OAuthClient::new(settings.app()?)?;
    eprintln!("listening on {url}");
    server::serve(Server::new(oauth), listener).await?;
    Ok(())
}

impl Settings {
    /// The settings of an application that is registered with an embedded control plane.
    fn embedded(url: &str) -> (Self, FakeControlPlane) {
        let settings = Self::new("embedded-app", "made-up", format!("{url}/callback"));
        let app = FakeControlPlane::builder("acme").oauth_app("embedded-app", "made-up", [settings.redirect_uri()]);
        (settings, app.build())
    }
}
