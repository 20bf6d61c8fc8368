//! The pages of the dashboard where a user approves or denies the access of an application.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use url::Url;

use super::page;
use super::state::{Code, OAuthState, Parameters};
use crate::management::{ControlPlane, Plane, TokenKind};
use crate::state::{hex, random_bytes};

/// The decision of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Access to the team or project with this id.
    Approve(u64),
    Deny,
}

/// A valid request for access.
struct Authorization {
    client_id: String,
    redirect_uri: Url,
    /// The text of the redirect URI, as it was sent.
    redirect_text: String,
    state: Option<String>,
    challenge: Option<String>,
    is_project: bool,
}

/// A request for access that is rejected.
pub(super) enum Rejected {
    /// Nobody can be redirected.
    Page(&'static str),
    /// The application gets the error.
    Redirect(String),
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        match self {
            Self::Page(problem) => (StatusCode::BAD_REQUEST, Html(page::problem(problem))).into_response(),
            Self::Redirect(url) => redirect(url),
        }
    }
}

fn redirect(url: String) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response()
}

/// Shows the page with the forms.
pub(super) async fn show(State(plane): State<Plane>, uri: Uri) -> Result<Html<String>, Rejected> {
    let mut state = plane.state();
    let authorization = Authorization::read(&mut state, &uri)?;
    let choices = authorization.choices(&state);
    Ok(Html(page::choice(&authorization.client_id, authorization.is_project, &choices)))
}

/// Takes the decision of a form. The request for access is in the query.
pub(super) async fn submit(State(plane): State<Plane>, uri: Uri, form: Bytes) -> Response {
    let form = Parameters::read(&form);
    let field = |name| form.as_ref().and_then(|form| form.get(name));
    let id = field("id").and_then(|id| id.parse().ok());
    let decision = match (field("decision"), id) {
        (Some("approve"), Some(id)) => Decision::Approve(id),
        (Some("deny"), _) => Decision::Deny,
        _ => return Rejected::Page("the form has no decision").into_response(),
    };
    match decide(&mut plane.state(), &uri, decision) {
        Ok(url) => redirect(url),
        Err(problem) => Rejected::Page(problem).into_response(),
    }
}

/// Decides about a request for access. Returns the URL that the browser is redirected to, or the problem that the page shows.
pub(crate) fn decide(state: &mut ControlPlane, uri: &Uri, decision: Decision) -> Result<String, &'static str> {
    let authorization = match Authorization::read(state, uri) {
        Ok(authorization) => authorization,
        Err(Rejected::Redirect(url)) => return Ok(url),
        Err(Rejected::Page(problem)) => return Err(problem),
    };
    let Decision::Approve(id) = decision else { return Ok(authorization.error("access_denied")) };
    let (kind, team) = if authorization.is_project {
        let project = state.project(id).ok_or("the project does not exist")?;
        (TokenKind::OAuthProject { project: id }, project.team)
    } else {
        (TokenKind::OAuthTeam { team: id }, id)
    };
    let member = state.teams.by_id(team).and_then(|team| team.creator).ok_or("the team does not exist")?;
    let text = hex(&random_bytes::<16>());
    let issued = state.now();
    let url = authorization.redirected("code", &text);
    let Authorization { client_id, redirect_text: redirect_uri, challenge, .. } = authorization;
    let code = Code { text, client_id, redirect_uri, challenge, kind, member, issued, token: None };
    state.topics.of::<OAuthState>().codes.push(code);
    Ok(url)
}

impl Authorization {
    fn read(state: &mut ControlPlane, uri: &Uri) -> Result<Self, Rejected> {
        let query = uri.query().unwrap_or_default();
        let parameters = Parameters::read(query.as_bytes()).ok_or(Rejected::Page("a parameter occurs twice"))?;
        let client_id = parameters.get("client_id").ok_or(Rejected::Page("the client id is missing"))?;
        let redirect_text = parameters.get("redirect_uri").ok_or(Rejected::Page("the redirect URI is missing"))?;
        let app = state.topics.of::<OAuthState>().app(client_id).ok_or(Rejected::Page("the client id is unknown"))?;
        let is_registered = app.redirect_uris.iter().any(|registered| registered == redirect_text);
        let redirect_uri = Url::parse(redirect_text).ok().filter(|_| is_registered);
        let authorization = Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.ok_or(Rejected::Page("the redirect URI is not registered"))?,
            redirect_text: redirect_text.to_owned(),
            state: parameters.get("state").map(str::to_owned),
            challenge: parameters.get("code_challenge").map(str::to_owned),
            is_project: uri.path().ends_with("/project"),
        };
        let has_method = parameters.get("code_challenge_method") == Some("S256");
        match parameters.get("response_type") {
            Some("code") if authorization.challenge.is_none() || has_method => Ok(authorization),
            Some("code") | None => Err(Rejected::Redirect(authorization.error("invalid_request"))),
            Some(_) => Err(Rejected::Redirect(authorization.error("unsupported_response_type"))),
        }
    }

    /// The ids and names of the teams or projects that the user can select.
    fn choices(&self, state: &ControlPlane) -> Vec<(u64, String)> {
        if self.is_project {
            state.projects.iter().map(|project| (project.id, project.name.clone())).collect()
        } else {
            state.teams.teams.values().map(|team| (team.id, team.name.clone())).collect()
        }
    }

    fn error(&self, code: &str) -> String {
        self.redirected("error", code)
    }

    /// The redirect URI with a parameter and the state.
    fn redirected(&self, name: &str, value: &str) -> String {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().append_pair(name, value);
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        url.into()
    }
}
