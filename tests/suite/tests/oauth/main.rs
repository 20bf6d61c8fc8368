//! The OAuth flow with a client: whole against the control plane over a socket, and the failures of the exchange.

mod exchange;
mod flow;

use convex_mgmt::oauth::{
    CodeExchange, ExchangeError, OAuthApp, OAuthClient, PendingAuthorization, Scope, TokenErrorCode, randomness,
};
use convex_mgmt::{AccessToken, Secret};
use convex_mgmt_fake::{FakeControlPlane, FakeServer};

const CLIENT_ID: &str = "my-client-id";
const CLIENT_SECRET: &str = "canary-client-secret";
const REDIRECT_URI: &str = "https://app.example/callback?from=convex";

/// The id of the first team of a control plane.
const TEAM: u64 = 1;

/// A control plane that listens, and an application that is registered with it.
struct Flow {
    plane: FakeControlPlane,
    server: FakeServer,
    oauth: OAuthClient,
}

/// An authorization whose browser is back.
struct Redirected {
    pending: Secret,
    /// The query of the redirect.
    query: String,
}

impl Flow {
    async fn start() -> Self {
        let plane = FakeControlPlane::builder("acme")
            .oauth_app(CLIENT_ID, CLIENT_SECRET, [REDIRECT_URI, "https://app.example/other"])
            .build();
        let server = plane.serve("127.0.0.1:0").await.unwrap();
        let oauth = OAuthClient::new(app_at(&server.url(), CLIENT_ID, CLIENT_SECRET)).unwrap();
        Self { plane, server, oauth }
    }

    /// Another application at the same control plane.
    fn app(&self, client_id: &str, client_secret: &str) -> OAuthApp {
        app_at(&self.server.url(), client_id, client_secret)
    }

    /// Sends the browser of a user to the dashboard, who approves the access to a team or project.
    fn approved(&self, scope: Scope, id: u64) -> Redirected {
        self.redirected(scope, |url| self.plane.approve_authorization(url, id))
    }

    fn redirected(&self, scope: Scope, decide: impl FnOnce(&str) -> Result<String, String>) -> Redirected {
        let (url, pending) = self.oauth.app().authorize(scope, randomness().unwrap());
        let back = decide(url.as_str()).unwrap();
        let query = back.strip_prefix(REDIRECT_URI).unwrap().trim_start_matches('&').to_owned();
        Redirected { pending: pending.into_stored(), query }
    }

    async fn exchange(&self, exchange: CodeExchange) -> Result<AccessToken, ExchangeError> {
        self.oauth.exchange(exchange).await
    }

    /// The number of requests to the token endpoint.
    fn exchanges(&self) -> usize {
        self.plane.requests().iter().filter(|request| request.uri == "/oauth/token").count()
    }
}

impl Redirected {
    fn pending(&self) -> PendingAuthorization {
        PendingAuthorization::restore(self.pending.expose()).unwrap()
    }

    fn exchange(&self, app: &OAuthApp) -> CodeExchange {
        self.pending().callback(app, &self.query).unwrap()
    }
}

fn app_at(url: &str, client_id: &str, client_secret: &str) -> OAuthApp {
    let app = OAuthApp::new(client_id, client_secret, REDIRECT_URI).unwrap();
    app.with_authorize_origin(url).unwrap().with_token_origin(url).unwrap()
}

/// Asserts that the server rejected an exchange with this code, and that no text of the error shows a secret.
fn assert_rejected(result: Result<AccessToken, ExchangeError>, code: TokenErrorCode) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), Some(&code), "{error}");
    assert!(!error.is_outcome_unknown());
    assert_clean(&error, &[]);
}

/// Asserts that no text of an error shows a secret of the application or one of these texts.
fn assert_clean(error: &ExchangeError, secrets: &[&str]) {
    let mut texts = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        texts += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    for secret in secrets.iter().chain(&["canary"]) {
        assert!(!texts.contains(secret), "{texts}");
    }
}
