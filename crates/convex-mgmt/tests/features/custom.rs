//! A client over a service of the caller: on a runtime of the caller's in every build, on tokio with the feature `tokio`.

use std::cell::RefCell;
use std::future::{Ready, pending, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::{ListAuditLogEvents, ListEnvironmentVariables};
use convex_mgmt::http::{Request, Response};
use convex_mgmt::hyper::layers::CredentialRefreshLayer;
use convex_mgmt::tower::BoxError;
use convex_mgmt::{Client, DeployKey, DeploymentApi, Endpoint, Timer, Transport, UnixMillis};
use tower::service_fn;

/// Pauses between attempts take no time, and deadlines never expire. It can leave its thread as little as [`Server`] can.
#[derive(Clone, Default)]
struct NoPauses(Rc<RefCell<Vec<Duration>>>);

impl Timer for NoPauses {
    type Sleep = Pin<Box<dyn Future<Output = ()>>>;

    fn now(&self) -> Duration {
        self.0.borrow().iter().sum()
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        if duration > Duration::from_secs(10) {
            return Box::pin(pending());
        }
        self.0.borrow_mut().push(duration);
        Box::pin(ready(()))
    }

    fn unix_time(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000)
    }
}

/// The targets of the requests so far, and the responses to the next ones.
#[derive(Clone, Default)]
struct Server(Rc<RefCell<(Vec<String>, Vec<PreparedResponse>)>>);

/// A status and a body.
type PreparedResponse = (u16, &'static str);

impl Server {
    fn new(mut responses: Vec<PreparedResponse>) -> Self {
        responses.reverse();
        Self(Rc::new(RefCell::new((Vec::new(), responses))))
    }

    fn requests(&self) -> Vec<String> {
        self.0.borrow().0.clone()
    }

    fn transport(&self) -> impl Transport {
        let server = self.clone();
        service_fn(move |request: Request<Bytes>| -> Ready<Result<Response<Bytes>, BoxError>> {
            let (requests, responses) = &mut *server.0.borrow_mut();
            requests.push(request.uri().path_and_query().unwrap().to_string());
            let (status, body) = responses.pop().unwrap();
            let response = Response::builder().status(status).header("content-type", "application/json");
            ready(Ok(response.body(Bytes::from_static(body.as_bytes())).unwrap()))
        })
    }
}

fn endpoint() -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse("happy-animal-123|01c0ffee").unwrap();
    Endpoint::new("https://happy-animal-123.example", &key).unwrap()
}

/// Polls a future on no runtime at all. Nothing in these tests waits for another thread.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..1000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("the future makes no progress");
}

const VARIABLES: (u16, &str) = (200, r#"{"environmentVariables":{"A":"1"}}"#);
const UNAVAILABLE: (u16, &str) = (503, r#"{"code":"Overloaded","message":"made up"}"#);

#[test]
fn retries_with_the_timer_of_the_caller_in_every_build() {
    let (server, timer) = (Server::new(vec![UNAVAILABLE, UNAVAILABLE, VARIABLES]), NoPauses::default());
    let client = Client::builder(endpoint()).timer(timer.clone()).build_on(server.transport()).unwrap();
    let variables = run(client.send(&ListEnvironmentVariables::new())).unwrap();
    assert_eq!(variables.names().collect::<Vec<_>>(), ["A"]);
    assert_eq!((server.requests().len(), timer.0.borrow().len()), (3, 2));
}

#[test]
fn measures_a_failed_call_with_the_timer_of_the_caller_in_every_build() {
    let (server, timer) = (Server::new(vec![UNAVAILABLE; 3]), NoPauses::default());
    let client = Client::builder(endpoint()).timer(timer.clone()).build_on(server.transport()).unwrap();
    let error = run(client.send(&ListEnvironmentVariables::new())).unwrap_err();
    assert_eq!((error.attempts(), error.elapsed()), (3, timer.now()), "{error:?}");
    assert_ne!(error.elapsed(), Duration::ZERO);
}

#[test]
fn walks_pages_on_no_runtime_in_every_build() {
    let first = r#"{"items":[],"pagination":{"hasMore":true,"nextCursor":"next"}}"#;
    let last = r#"{"items":[],"pagination":{"hasMore":false}}"#;
    let server = Server::new(vec![(200, first), (200, last)]);
    let client = Client::with_service(endpoint(), server.transport()).with_timer(NoPauses::default());
    let events = run(client.pages(ListAuditLogEvents::new(UnixMillis(0))).collect(10)).unwrap();
    assert_eq!(events.len(), 0);
    let requests = server.requests();
    assert!(requests.len() == 2 && requests[1].contains("cursor=next"), "{requests:?}");
}

#[test]
fn waits_for_a_new_deployment_with_the_timer_of_the_caller_in_every_build() {
    let urls = r#"{"convexCloudUrl":"https://a.example","convexSiteUrl":"https://b.example"}"#;
    let (server, timer) = (Server::new(vec![(404, ""), (404, ""), (200, urls)]), NoPauses::default());
    let client = Client::with_service(endpoint(), server.transport()).with_timer(timer.clone());
    run(client.wait_until_ready(Duration::from_secs(60))).unwrap();
    assert_eq!((server.requests().len(), timer.0.borrow().len()), (3, 2));
}

#[test]
fn refreshes_a_credential_with_a_source_that_is_not_send_in_every_build() {
    let rejected = (401, r#"{"code":"BadAdminKey","message":"made up"}"#);
    let (server, timer) = (Server::new(vec![rejected, VARIABLES, VARIABLES]), NoPauses::default());
    let fetches = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&fetches);
    let refresh = CredentialRefreshLayer::new(move |_| {
        let counted = Rc::clone(&counted);
        async move {
            *counted.borrow_mut() += 1;
            Ok(DeployKey::parse("happy-animal-123|02c0ffee")?)
        }
    });
    let builder = Client::builder(endpoint()).timer(timer.clone()).attempt_layer(refresh.timer(timer));
    let client = builder.build_on(server.transport()).unwrap();
    for _ in 0..2 {
        run(client.send(&ListEnvironmentVariables::new())).unwrap();
    }
    assert_eq!((server.requests().len(), *fetches.borrow()), (3, 1));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn needs_no_timer_of_the_caller_with_tokio() {
    let server = Server::new(vec![UNAVAILABLE, VARIABLES]);
    let client = Client::builder(endpoint()).build_on(server.transport()).unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap().len(), 1);
    assert_ne!(started.elapsed(), Duration::ZERO);
}

#[cfg(feature = "oauth")]
#[test]
fn exchanges_a_code_on_no_runtime() {
    use convex_mgmt::oauth::{OAuthApp, OAuthClient, Randomness, Scope};

    let token = r#"{"access_token":"team:acme|made-up","token_type":"bearer"}"#;
    let server = Server::new(vec![(200, token)]);
    let app = OAuthApp::new("my-client-id", "made-up", "https://example.com/callback").unwrap();
    let oauth = OAuthClient::with_service(app, server.transport()).with_timer(NoPauses::default());
    let (url, pending) = oauth.app().authorize(Scope::Team, Randomness::from_bytes([7; 64]));
    let state = url.as_str().split("&state=").nth(1).unwrap().split('&').next().unwrap();
    let exchange = pending.callback(oauth.app(), &format!("code=made-up&state={state}")).unwrap();
    let token = run(oauth.exchange(exchange)).unwrap();
    let client = oauth.client(&token).unwrap();
    assert_eq!(client.endpoint().url(), "https://api.convex.dev");
    assert_eq!(server.requests(), ["/oauth/token"]);
}

#[cfg(feature = "oauth-random")]
#[test]
fn no_two_authorizations_have_the_same_randomness() {
    use convex_mgmt::oauth::{OAuthApp, Scope, randomness};

    let app = OAuthApp::new("my-client-id", "made-up", "https://example.com/callback").unwrap();
    let stored = [(); 2].map(|()| app.authorize(Scope::Team, randomness().unwrap()).1.into_stored());
    let [one, other] = stored.each_ref().map(|stored| stored.expose().split('.').collect::<Vec<_>>());
    assert!(one[2] != other[2] && one[3] != other[3] && one[2] != one[3], "{one:?} {other:?}");
}
