//! OAuth applications: their registration, and the decision of a user without a browser.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::builder::FakeControlPlaneBuilder;
use super::handle::FakeControlPlane;
use crate::control::Commands;
use crate::management::ControlPlane;
use crate::oauth::{Decision, OAuthApp, OAuthState, decide};

impl FakeControlPlaneBuilder {
    /// Registers an OAuth application with its client id, its client secret and its redirect URIs. Users approve its access at
    /// `/oauth/authorize/team` and `/oauth/authorize/project`. It exchanges codes at `/oauth/token`.
    pub fn oauth_app<U: Into<String>>(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        redirect_uris: impl IntoIterator<Item = U>,
    ) -> Self {
        register(self.state(), client_id.into(), client_secret.into(), redirect_uris);
        self
    }
}

impl FakeControlPlane {
    /// Registers an OAuth application while the control plane runs.
    pub fn add_oauth_app<U: Into<String>>(
        &self,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        redirect_uris: impl IntoIterator<Item = U>,
    ) {
        register(&mut self.state.state(), client_id.into(), client_secret.into(), redirect_uris);
    }

    /// Decides as a user who approves the access to the team or project with this id. `url` is the URL that an application sends the browser
    /// to. Returns the URL that the browser is redirected to, with a code or an error.
    ///
    /// # Errors
    /// The text of the page that a browser would show instead, for example because the application is unknown.
    pub fn approve_authorization(&self, url: &str, id: u64) -> Result<String, String> {
        self.decide(url, Decision::Approve(id))
    }

    /// Decides as a user who denies the access. Returns the URL that the browser is redirected to.
    ///
    /// # Errors
    /// As for [`FakeControlPlane::approve_authorization`].
    pub fn deny_authorization(&self, url: &str) -> Result<String, String> {
        self.decide(url, Decision::Deny)
    }

    fn decide(&self, url: &str, decision: Decision) -> Result<String, String> {
        let uri: Uri = url.parse().map_err(|_| "the URL cannot be read")?;
        if !matches!(uri.path(), "/oauth/authorize/team" | "/oauth/authorize/project") {
            return Err("the URL has another path".to_owned());
        }
        Ok(decide(&mut self.state.state(), &uri, decision)?)
    }
}

fn register<U: Into<String>>(
    state: &mut ControlPlane,
    client_id: String,
    client_secret: String,
    redirect_uris: impl IntoIterator<Item = U>,
) {
    let redirect_uris = redirect_uris.into_iter().map(Into::into).collect();
    let apps = &mut state.topics.of::<OAuthState>().apps;
    apps.retain(|app| app.client_id != client_id);
    apps.push(OAuthApp { client_id, client_secret, redirect_uris });
}

/// Registers an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Register {
    client_id: String,
    client_secret: String,
    redirect_uris: Vec<String>,
}

pub(super) async fn register_apps(State(plane): State<FakeControlPlane>, commands: Commands<Register>) -> Json<Value> {
    commands.apply(|Register { client_id, client_secret, redirect_uris }| {
        plane.add_oauth_app(client_id, client_secret, redirect_uris);
        json!({})
    })
}
