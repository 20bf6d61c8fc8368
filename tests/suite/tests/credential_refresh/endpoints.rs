//! One refresh layer for many endpoints: each has its own credential, fetch and backoff, in bounded memory.

use std::collections::BTreeMap;

use convex_mgmt::deployment::GetLogStream;
use convex_mgmt::management::access_tokens::TokenSelector;
use convex_mgmt::management::projects::NewProject;
use convex_mgmt::management::{CreateDeployKey, CreateProject, DeleteDeployKey, GetTokenDetails};
use convex_mgmt::{AccessToken, DeploymentType, ManagementApi, Operation, TeamId};
use convex_mgmt_fake::{FakeControlPlane, TokenClass};

use super::*;

/// The requests that the servers received, such as `secret@host`.
type Seen = Arc<Mutex<Vec<String>>>;

/// A server at each host that accepts one key: `new-` and the host's name.
fn servers(
    seen: &Seen,
) -> impl Service<Request<Bytes>, Response = Response<Bytes>, Error = TransportError, Future: Send>
+ Clone
+ Send
+ Sync
+ use<> {
    let seen = Arc::clone(seen);
    service_fn(move |request: Request<Bytes>| {
        let (host, secret) = (request.uri().host().unwrap().to_owned(), secret(&request));
        let (status, body) = if secret == format!("new-{host}") { (200, SUCCESS) } else { (401, BAD_KEY) };
        seen.lock().unwrap().push(format!("{secret}@{host}"));
        ready(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).map_err(TransportError::tls))
    })
}

fn host(endpoint: &Endpoint<DeploymentApi>) -> String {
    endpoint.url().rsplit('/').next().unwrap().to_owned()
}

fn url(n: usize) -> String {
    format!("https://d{n}.example")
}

async fn list<S>(client: &DeploymentClient<S>, url: &str) -> Result<EnvironmentVariables, Error>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone,
{
    client.at(at(url, "old")).send(&ListEnvironmentVariables::new()).await
}

#[tokio::test(start_paused = true)]
async fn one_layer_fetches_per_endpoint_and_sends_each_credential_only_there() {
    let seen = Seen::default();
    let fetches = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&fetches);
    let refresh = CredentialRefreshLayer::new(move |endpoint: Endpoint<DeploymentApi>| {
        recorded.lock().unwrap().push(endpoint.url().to_owned());
        ready(Ok(key(&format!("new-{}", host(&endpoint)))))
    });
    let client = builder().attempt_layer(refresh).build_on(servers(&seen)).unwrap();
    for _ in 0..2 {
        for n in 0..3 {
            list(&client, &url(n)).await.unwrap();
        }
    }
    assert_eq!(*fetches.lock().unwrap(), [url(0), url(1), url(2)]);
    let first = (0..3).flat_map(|n| [format!("old@d{n}.example"), format!("new-d{n}.example@d{n}.example")]);
    let second = (0..3).map(|n| format!("new-d{n}.example@d{n}.example"));
    assert_eq!(*seen.lock().unwrap(), first.chain(second).collect::<Vec<_>>());
}

/// Each of these is another endpoint, and gets its own key.
#[tokio::test(start_paused = true)]
async fn endpoints_are_identified_by_url_path_and_credential() {
    let script = Script::new((0..4).flat_map(|_| [unauthorized(), Step::Status(200, SUCCESS)]));
    let (fetches, count) = counter();
    let refresh = CredentialRefreshLayer::new(move |_| ready(Ok(key(&format!("new{}", count())))));
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    let below = Endpoint::with_path_prefix("https://a.example/below", &key("old")).unwrap();
    let endpoints =
        [at("https://a.example", "old"), at("https://a.example", "other"), below, at("https://a.example:8443", "old")];
    for endpoint in endpoints {
        client.at(endpoint).send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert_eq!(secrets(&script), ["old", "new0", "other", "new1", "old", "new2", "old", "new3"]);
    assert_eq!(fetches.load(Ordering::Relaxed), 4);
}

/// An operation with values in its path belongs to the same endpoint.
#[tokio::test(start_paused = true)]
async fn operations_of_one_endpoint_share_its_refreshed_credential() {
    let script = Script::new([unauthorized(), Step::Status(200, SUCCESS), Step::Status(404, "{}")]);
    let refresh = CredentialRefreshLayer::new(|_| ready(Ok(key("new"))));
    let client = builder().attempt_layer(refresh).build_on(script.clone()).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    client.send(&GetLogStream::new("a/b")).await.unwrap_err();
    assert_eq!(secrets(&script), ["old", "new", "new"]);
}

#[tokio::test(start_paused = true)]
async fn passes_requests_of_another_api_or_without_an_operation_unchanged() {
    let script = Script::new([unauthorized(), unauthorized()]);
    let (fetches, count) = counter();
    let refresh = CredentialRefreshLayer::new(move |_: Endpoint<ManagementApi>| {
        count();
        ready(Ok(AccessToken::parse("eyJ2=").unwrap()))
    });
    let client = builder().attempt_layer(refresh.clone()).build_on(script.clone()).unwrap();
    assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap_err().kind(), ErrorKind::Api);
    let mut request = ListEnvironmentVariables::new().to_request(&old()).unwrap();
    request.extensions_mut().clear();
    let response = tower::Layer::layer(&refresh, script.clone()).call(request).await.unwrap();
    assert_eq!((response.status().as_u16(), fetches.load(Ordering::Relaxed)), (401, 0));
    assert_eq!(secrets(&script), ["old", "old"]);
}

/// The key of an OAuth application has the secret of the renewed token, which the endpoint does not know.
#[tokio::test]
async fn a_request_does_not_delete_the_renewed_credential_unless_insisted_on() {
    let [old, new] = ["team:acme|old", "team:acme|new"];
    let plane =
        FakeControlPlane::builder("acme").token(TokenClass::OAuthTeam, old).token(TokenClass::OAuthTeam, new).build();
    let refresh = CredentialRefreshLayer::new(move |_: Endpoint<ManagementApi>| {
        ready(AccessToken::parse(new).map_err(Into::into))
    });
    let endpoint = Endpoint::new("https://api.convex.dev", &AccessToken::parse(old).unwrap()).unwrap();
    let client = Client::<ManagementApi>::builder(endpoint).attempt_layer(refresh).build_on(plane.clone()).unwrap();
    let project = NewProject::new("Shop").deployment_type(DeploymentType::Prod);
    let project = client.send(&CreateProject::new(TeamId(1), project)).await.unwrap();
    let name = project.deployment_name.unwrap();
    let key = format!("prod:{name}|new");
    let delete = DeleteDeployKey::new(&name, TokenSelector::by_secret(&key));
    plane.revoke_token(old);
    // The first request gets the new credential after a 401, and the second one has it from the start.
    for sent in [Sent::Maybe, Sent::No] {
        let error = client.send(&delete).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), error.sent()), (ErrorKind::Layer, 1, sent), "{error:?}");
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("`unchecked`"), "{error:?}");
    }
    assert_eq!(client.send(&CreateDeployKey::new(&name, "ci")).await.unwrap().deploy_key.expose(), key);
    client.send(&delete.unchecked()).await.unwrap();
    assert!(client.send(&GetTokenDetails::new()).await.unwrap_err().is_auth());
}

/// The errors of two libraries in one closure, without type annotations.
#[tokio::test(start_paused = true)]
async fn a_source_converts_any_error_with_the_question_mark_operator() {
    let client = builder()
        .attempt_layer(CredentialRefreshLayer::new(async |endpoint| {
            let port: u16 = endpoint.url().rsplit(':').next().unwrap_or_default().parse()?;
            Ok(DeployKey::parse(&format!("key|{port}"))?)
        }))
        .build_on(Script::new([unauthorized()]))
        .unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<std::num::ParseIntError>(), "{error:?}");
}

/// All calls to an endpoint share one fetch, and do not wait for fetches of other endpoints.
#[tokio::test(start_paused = true)]
async fn endpoints_fetch_and_back_off_independently() {
    let fetches: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let recorded = Arc::clone(&fetches);
    let refresh = CredentialRefreshLayer::new(move |endpoint: Endpoint<DeploymentApi>| {
        let host = host(&endpoint);
        *recorded.lock().unwrap().entry(host.clone()).or_default() += 1;
        async move {
            match host.as_str() {
                "d0.example" => pending().await,
                "d1.example" => Ok(key("wrong")),
                host => Ok(key(&format!("new-{host}"))),
            }
        }
    });
    let client =
        builder().attempt_layer(refresh.backoff(60 * SECOND, 60 * SECOND)).build_on(servers(&Seen::default())).unwrap();
    let call = |n: usize| {
        let client = client.clone();
        tokio::spawn(async move { list(&client, &url(n)).await })
    };
    let stuck: Vec<_> = (0..10).map(|_| call(0)).collect();
    tokio::task::yield_now().await;
    for _ in 0..3 {
        assert_eq!(call(1).await.unwrap().unwrap_err().kind(), ErrorKind::Api);
    }
    let others: Vec<_> = (0..30).map(|n| call(2 + n % 3)).collect();
    for other in others {
        other.await.unwrap().unwrap();
    }
    let counts = fetches.lock().unwrap().clone();
    assert_eq!(counts, (0..5).map(|n| (format!("d{n}.example"), 1)).collect());
    for call in stuck {
        assert!(!call.is_finished());
        call.abort();
    }
}

/// The layer forgets the least recently used endpoint, and fetches again when that endpoint is used.
#[tokio::test(start_paused = true)]
async fn remembers_at_most_max_endpoints() {
    let fetches = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&fetches);
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let refresh = CredentialRefreshLayer::new(move |endpoint: Endpoint<DeploymentApi>| {
        recorded.lock().unwrap().push(endpoint.url().to_owned());
        let held = Arc::clone(&held);
        async move {
            let _held = held;
            if endpoint.url() == url(9) {
                pending::<()>().await;
            }
            Ok(key(&format!("new-{}", host(&endpoint))))
        }
    });
    let client = builder().attempt_layer(refresh.max_endpoints(2)).build_on(servers(&Seen::default())).unwrap();
    for n in [0, 1, 0, 2, 0, 1] {
        list(&client, &url(n)).await.unwrap();
    }
    assert_eq!(*fetches.lock().unwrap(), [0, 1, 2, 1].map(url), "0 was always used more recently");

    // A call in flight keeps its endpoint, and other calls to that endpoint wait for the same fetch.
    fetches.lock().unwrap().clear();
    let waiting = |client: &DeploymentClient<_>| {
        let client = client.clone();
        tokio::spawn(async move { list(&client, &url(9)).await })
    };
    let calls = [waiting(&client), waiting(&client)];
    tokio::task::yield_now().await;
    for n in [3, 4, 5] {
        list(&client, &url(n)).await.unwrap();
    }
    let last = waiting(&client);
    tokio::task::yield_now().await;
    assert_eq!(*fetches.lock().unwrap(), [9, 3, 4, 5].map(url));
    assert_eq!(Arc::strong_count(&alive), 3, "the fetch in progress");
    for call in calls.into_iter().chain([last]) {
        call.abort();
        call.await.unwrap_err();
    }
    for n in [6, 7] {
        list(&client, &url(n)).await.unwrap();
    }
    assert_eq!(Arc::strong_count(&alive), 2, "it is forgotten with its fetch");
}
