//! [`Settings`]: the registration of the application, from the environment.

use std::env::{VarError, var};
use std::error::Error as StdError;

use convex_mgmt::Secret;
use convex_mgmt::oauth::OAuthApp;

/// The registration of the application, and the origins to use instead of Convex's.
pub(crate) struct Settings {
    client_id: String,
    client_secret: Secret,
    redirect_uri: String,
    authorize_origin: Option<String>,
    token_origin: Option<String>,
}

impl Settings {
    pub(crate) fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>, redirect_uri: String) -> Self {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        Self { client_id, client_secret, redirect_uri, authorize_origin: None, token_origin: None }
    }

    /// Uses one origin for the dashboard and the Management API.
    pub(crate) fn at(self, origin: String) -> Self {
        Self { authorize_origin: Some(origin.clone()), token_origin: Some(origin), ..self }
    }

    /// Reads the settings. `None` without any of the three variables of the registration.
    pub(crate) fn from_environment() -> Result<Option<Self>, String> {
        let names = ["CONVEX_OAUTH_CLIENT_ID", "CONVEX_OAUTH_CLIENT_SECRET", "CONVEX_OAUTH_REDIRECT_URI"];
        let settings = match (read(names[0])?, read(names[1])?, read(names[2])?) {
            (None, None, None) => return Ok(None),
            (Some(client_id), Some(client_secret), Some(redirect_uri)) => {
                Self::new(client_id, client_secret, redirect_uri)
            }
            _ => return Err(format!("{}, {} and {} belong together", names[0], names[1], names[2])),
        };
        let authorize_origin = read("CONVEX_OAUTH_AUTHORIZE_ORIGIN")?;
        Ok(Some(Self { authorize_origin, token_origin: read("CONVEX_OAUTH_TOKEN_ORIGIN")?, ..settings }))
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Creates the application.
    pub(crate) fn app(self) -> Result<OAuthApp, Box<dyn StdError>> {
        let mut app = OAuthApp::new(self.client_id, self.client_secret, self.redirect_uri)?;
        if let Some(origin) = self.authorize_origin {
            app = app.with_authorize_origin(&origin)?;
        }
        if let Some(origin) = self.token_origin {
            app = app.with_token_origin(&origin)?;
        }
        Ok(app.with_user_agent("oauth-app-example/1.0")?)
    }
}

fn read(name: &str) -> Result<Option<String>, String> {
    match var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8")),
    }
}
