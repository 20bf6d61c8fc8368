//! [`OAuthClient`]: exchanges codes, and creates clients for tokens.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::oauth::{CodeExchange, OAuthApp, SentExchange};
use convex_mgmt_proto::{AccessToken, EndpointError, Idempotency, ManagementApi, OperationMeta, UserAgent};
use http::{Method, Request};
use pin_project_lite::pin_project;
use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::super::builder::ClientBuilder;
use super::super::handle::{Client, ManagementClient};
use super::error::ExchangeError;
use crate::config::ConfigError;
use crate::layers::future::RetryFuture;
use crate::layers::{Retry, RetryLayer};
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, InitialTimer, Timer};

/// The default of [`OAuthClient::timeout`].
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Decides how a failed exchange is retried. It is not in the request's extensions, so layers of a client do not retry the request.
static EXCHANGE: OperationMeta =
    OperationMeta::new::<ManagementApi>("exchange_code", Method::POST, "/oauth/token", Idempotency::NonIdempotent);

/// An OAuth application with a service: exchanges codes for tokens, and creates clients for the tokens.
///
/// One value serves all users of the application. The clients that it creates share its connections, limits and retry budget.
///
/// ```no_run
/// use convex_mgmt::management::GetTokenDetails;
/// use convex_mgmt::oauth::{OAuthApp, OAuthClient, PendingAuthorization};
///
/// # async fn example(pending: PendingAuthorization, query: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let app = OAuthApp::new("my-client-id", "made-up", "https://example.com/callback")?;
/// let oauth = OAuthClient::new(app)?;
///
/// // The browser is back.
/// let token = oauth.exchange(pending.callback(oauth.app(), query)?).await?;
/// let client = oauth.client(&token)?;
/// let details = client.send(&GetTokenDetails::new()).await?;
/// # drop(details);
/// # Ok(())
/// # }
/// ```
pub struct OAuthClient<S = DefaultService, T = DefaultTimer> {
    app: OAuthApp,
    service: S,
    timer: T,
    user_agent: Option<UserAgent>,
    timeout: Duration,
}

#[cfg(feature = "hyper")]
impl OAuthClient {
    /// Creates a client with default settings.
    ///
    /// # Errors
    /// A [`ConfigError`] if this build of the library cannot reach the token endpoint.
    pub fn new(app: OAuthApp) -> Result<Self, ConfigError> {
        Self::build(app, ClientBuilder::build)
    }
}

impl<S> OAuthClient<S, InitialTimer> {
    /// Creates a client over any service, such as a stack of your own. The library adds no retries and no timeouts to the clients of
    /// [`OAuthClient::client`].
    pub fn with_service(app: OAuthApp, service: S) -> Self {
        Self { app, service, timer: Default::default(), user_agent: None, timeout: EXCHANGE_TIMEOUT }
    }
}

impl<S, T> OAuthClient<S, T> {
    /// Creates a client with the settings, layers and transport of a [`ClientBuilder`]. They apply to the exchange of codes and to the
    /// clients of [`OAuthClient::client`]. The product of [`ClientBuilder::user_agent`] replaces that of the application.
    ///
    /// ```
    /// use convex_mgmt::oauth::{OAuthApp, OAuthClient};
    ///
    /// let app = OAuthApp::new("my-client-id", "made-up", "https://example.com/callback")?;
    /// let app = app.with_token_origin("http://127.0.0.1:3000")?;
    /// let oauth = OAuthClient::build(app, |builder| builder.max_concurrency(32).build())?;
    /// # drop(oauth);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The error of `build`.
    pub fn build(
        app: OAuthApp,
        build: impl FnOnce(
            ClientBuilder<ManagementApi, Identity, Identity, InitialTimer>,
        ) -> Result<ManagementClient<S, T>, ConfigError>,
    ) -> Result<Self, ConfigError>
    where
        S: Clone,
        T: Clone,
    {
        // A builder needs an endpoint, and its settings depend on the scheme of the URL. No request has this token.
        let no_token = AccessToken::parse("none").map_err(|_| EndpointError::UnsendableCredential)?;
        let client = build(Client::builder(app.endpoint(&no_token)?))?;
        let user_agent = client.user_agent();
        let app = match &user_agent {
            Some(user_agent) => app.with_client_user_agent(user_agent.clone()),
            None => app,
        };
        let (service, timer) = (client.service(), client.timer().clone());
        Ok(Self { app, service, timer, user_agent, timeout: EXCHANGE_TIMEOUT })
    }

    /// Sets the timer of another runtime, as [`Client::with_timer`](crate::Client::with_timer) does.
    #[must_use]
    pub fn with_timer<U>(self, timer: U) -> OAuthClient<S, U> {
        let Self { app, service, timer: _, user_agent, timeout } = self;
        OAuthClient { app, service, timer, user_agent, timeout }
    }

    /// Sets the time of an exchange with all its attempts. Defaults to 30 s. At most 30 years.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Returns the application.
    pub fn app(&self) -> &OAuthApp {
        &self.app
    }
}

impl<S: Transport, T: Timer> OAuthClient<S, T> {
    /// Exchanges a code for a token.
    ///
    /// The request is sent at most once. It is repeated only while it provably did not reach the server, for example because the connection
    /// was refused. A layer of yours must not repeat it on its own: a code works once. A server may revoke the token when a code comes
    /// twice.
    ///
    /// The future owns the exchange and a clone of the service. Nothing is sent before the first poll. Await it to its end: a future that is
    /// dropped may have used the code up.
    ///
    /// # Errors
    /// The future fails with an [`ExchangeError`]. After any error the user starts over.
    pub fn exchange(&self, exchange: CodeExchange) -> ExchangeFuture<S, T> {
        let (request, sent) = exchange.into_request();
        let layer = RetryLayer::only_unsent(&EXCHANGE, self.timeout).timer(self.timer.clone());
        let state = State::Start { service: layer.layer(self.service.clone()), request: Some(request) };
        ExchangeFuture { sent: Some(sent), state }
    }

    /// Creates a client of the Management API for a token. It shares the connections, limits and retry budget of this client.
    ///
    /// # Errors
    /// [`EndpointError::UnsendableCredential`] if the token cannot be sent in a header.
    pub fn client(&self, token: &AccessToken) -> Result<ManagementClient<S, T>, EndpointError> {
        let endpoint = self.app.endpoint(token)?;
        Ok(Client::from_parts(endpoint, self.service.clone(), self.timer.clone(), self.user_agent.clone()))
    }
}

impl<S: Clone, T: Clone> Clone for OAuthClient<S, T> {
    fn clone(&self) -> Self {
        let Self { app, service, timer, user_agent, timeout } = self;
        let (app, service, timer) = (app.clone(), service.clone(), timer.clone());
        Self { app, service, timer, user_agent: user_agent.clone(), timeout: *timeout }
    }
}

impl<S, T> fmt::Debug for OAuthClient<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient").field("app", &self.app).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, T> where S: Service<Request<Bytes>>, T: Timer {
        // Until the first poll, with which the time begins.
        Start { service: Retry<S, T>, request: Option<Request<Bytes>> },
        Calling { #[pin] call: RetryFuture<S, T> },
    }
}

pin_project! {
    /// The future of [`OAuthClient::exchange`](crate::oauth::OAuthClient::exchange). Its time begins with the first poll.
    #[must_use = "futures do nothing unless polled"]
    pub struct ExchangeFuture<S, T = DefaultTimer> where S: Service<Request<Bytes>>, T: Timer {
        // Taken at the end.
        sent: Option<SentExchange>,
        #[pin]
        state: State<S, T>,
    }
}

impl<S: Transport, T: Timer> Future for ExchangeFuture<S, T> {
    type Output = Result<AccessToken, ExchangeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let result = loop {
            match this.state.as_mut().project() {
                StateProjection::Start { service, request } => {
                    let Some(request) = request.take() else { return Poll::Pending };
                    let call = service.call(request);
                    this.state.set(State::Calling { call });
                }
                StateProjection::Calling { call } => break ready!(call.poll(cx)),
            }
        };
        // The exchange is missing only if the future is polled after its end.
        let Some(sent) = this.sent.take() else { return Poll::Pending };
        Poll::Ready(match result {
            Ok(response) => sent.read(response).map_err(ExchangeError::from),
            Err(error) => Err(ExchangeError::from_transport(error)),
        })
    }
}

impl<S: Service<Request<Bytes>>, T: Timer> fmt::Debug for ExchangeFuture<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeFuture").finish_non_exhaustive()
    }
}
