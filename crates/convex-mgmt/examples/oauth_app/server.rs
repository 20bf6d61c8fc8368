//! [`Server`]: the three steps of a browser: the button, the way to Convex, and the way back.

use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use convex_mgmt::management::access_tokens::TokenDetails;
use convex_mgmt::management::{GetTokenDetails, ListProjects};
use convex_mgmt::oauth::{OAuthClient, PendingAuthorization, Scope, randomness};
use convex_mgmt::{ManagementClient, Printable};
use tokio::net::TcpListener;

use super::page;
use super::sessions::Sessions;

/// The most projects that the page shows.
const MAX_PROJECTS: usize = 1000;

/// An application with its sessions.
pub(crate) struct Server {
    oauth: OAuthClient,
    sessions: Mutex<Sessions>,
}

type Shared = State<Arc<Server>>;
type Failure = Box<dyn StdError + Send + Sync>;

/// Serves the application.
pub(crate) async fn serve(server: Server, listener: TcpListener) -> io::Result<()> {
    let routes = Router::new()
        .route("/", get(home))
        .route("/connect", post(connect))
        .route("/callback", get(callback))
        .with_state(Arc::new(server));
    axum::serve(listener, routes).await
}

/// The projects of a connected user, or the button.
async fn home(State(server): Shared, headers: HeaderMap) -> Response {
    let client = session(&headers).and_then(|id| server.sessions().client(id));
    match client {
        None => Html(page::connect("Connect your Convex team to see its projects.")).into_response(),
        Some(client) => match projects(&client).await {
            Ok(page) => private(Html(page)),
            Err(error) => failed(StatusCode::BAD_GATEWAY, &*error),
        },
    }
}

/// The button: begins an authorization in a new session, and sends the browser to Convex.
async fn connect(State(server): Shared) -> Response {
    let begin = || -> Result<_, Failure> {
        let (url, pending) = server.oauth.app().authorize(Scope::Team, randomness()?);
        Ok((server.sessions().begin(pending)?, url))
    };
    match begin() {
        Ok((id, url)) => redirect(url.as_str(), Some(server.cookie(&id))),
        Err(error) => failed(StatusCode::INTERNAL_SERVER_ERROR, &*error),
    }
}

/// The way back from Convex.
async fn callback(State(server): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    // The state is used up before anything else, so a second request with this URL ends here.
    let pending = session(&headers).and_then(|id| server.sessions().take_pending(id));
    let Some(pending) = pending else {
        let line = "This browser has no authorization in progress, or its time is over. Please connect again.";
        return private((StatusCode::BAD_REQUEST, Html(page::connect(line))));
    };
    // A task, so that a browser that closes the connection does not cancel the exchange.
    let exchanged = tokio::spawn(exchange(Arc::clone(&server), pending, query.unwrap_or_default()));
    match exchanged.await {
        Ok(response) => response,
        Err(error) => failed(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

async fn exchange(server: Arc<Server>, pending: PendingAuthorization, query: String) -> Response {
    let exchange = match pending.callback(server.oauth.app(), &query) {
        Ok(exchange) => exchange,
        Err(error) if error.is_denied() => {
            return private(Html(page::connect("You denied the access. Nothing was connected.")));
        }
        Err(error) => return failed(StatusCode::BAD_REQUEST, &error),
    };
    let connected = async || -> Result<String, Failure> {
        let token = server.oauth.exchange(exchange).await?;
        Ok(server.sessions().connect(server.oauth.client(&token)?)?)
    };
    match connected().await {
        Ok(id) => redirect("/", Some(server.cookie(&id))),
        Err(error) => failed(StatusCode::BAD_GATEWAY, &*error),
    }
}

/// The page with the projects of the token's team.
async fn projects(client: &ManagementClient) -> Result<String, Failure> {
    let TokenDetails::TeamToken(token) = client.send(&GetTokenDetails::new()).await? else {
        return Err("the token is not one of a team".into());
    };
    let projects = client.pages(ListProjects::new(token.team_id)).collect(MAX_PROJECTS).await?;
    Ok(page::projects(projects.iter().map(|project| project.name.as_str())))
}

impl Server {
    pub(crate) fn new(oauth: OAuthClient) -> Self {
        Self { oauth, sessions: Mutex::new(Sessions::new()) }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cookie of a session. `Lax` sends it with the redirect from Convex, and not with a form of another site.
    fn cookie(&self, id: &str) -> String {
        let secure = if self.oauth.app().redirect_uri().starts_with("https:") { "; Secure" } else { "" };
        format!("session={id}; Path=/; HttpOnly; SameSite=Lax{secure}")
    }
}

/// Returns the id of the browser's session.
fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|cookie| cookie.trim().strip_prefix("session="))
}

fn redirect(url: &str, cookie: Option<String>) -> Response {
    let mut response = private(StatusCode::SEE_OTHER);
    let cookie = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok());
    let headers = [(LOCATION, HeaderValue::from_str(url).ok()), (SET_COOKIE, cookie)];
    response.headers_mut().extend(headers.into_iter().filter_map(|(name, value)| Some((name, value?))));
    response
}

/// The page after a failure. The log has the reason, which contains no code, token or secret.
fn failed(status: StatusCode, error: &(dyn StdError + 'static)) -> Response {
    let sources = std::iter::successors(Some(error), |error: &&(dyn StdError + 'static)| (*error).source());
    let reason: Vec<String> = sources.map(ToString::to_string).collect();
    eprintln!("{}: {}", status.as_u16(), Printable(&reason.join(": ")));
    private((status, Html(page::connect("The team could not be connected. Please connect again."))))
}

/// A response whose URL or content is for nobody else: the URL of the callback contains the code.
fn private(response: impl IntoResponse) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    (headers, response).into_response()
}
