//! Addressing of requests: path prefixes, products, and text that is not a key or a URL.

use bytes::Bytes;
use convex_mgmt::deployment::{GetDeploymentInfo, GetLogStream, ListAuditLogEvents, ListEnvironmentVariables};
use convex_mgmt::hyper::layers::CredentialRefreshLayer;
use convex_mgmt::{
    Client, ConfigError, DeployKey, DeploymentApi, DeploymentClient, Endpoint, EndpointError, ErrorKind, UnixMillis,
};
use convex_mgmt_suite::ADMIN_KEY;
use convex_mgmt_suite::classes::{SUCCESS, create};
use convex_mgmt_suite::routes::{ROUTES, TestServer};
use http::header::{HOST, LOCATION, USER_AGENT};
use http::{Request, Response, StatusCode};

fn key() -> DeployKey {
    DeployKey::parse(ADMIN_KEY).unwrap()
}

/// An endpoint below a path of a client's server.
fn below(client: &DeploymentClient, path: &str) -> Endpoint<DeploymentApi> {
    Endpoint::with_path_prefix(&format!("{}{path}", client.endpoint().url()), &key()).unwrap()
}

fn json(status: StatusCode, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    response
}

/// A server that serves the API below `/convex` only.
fn behind_a_prefix(request: &Request<Bytes>) -> Response<Bytes> {
    let Some(path) = request.uri().path().strip_prefix("/convex/api/v1/") else {
        return json(StatusCode::NOT_FOUND, "not here");
    };
    let second = request.uri().query().is_some_and(|query| query.ends_with("&cursor=a%2Fb"));
    match path.split('/').next().unwrap_or_default() {
        "list_audit_log_events" if second => json(StatusCode::OK, r#"{"items":[],"pagination":{"hasMore":false}}"#),
        "list_audit_log_events" => {
            json(StatusCode::OK, r#"{"items":[],"pagination":{"hasMore":true,"nextCursor":"a/b"}}"#)
        }
        "get_log_stream" => json(StatusCode::OK, r#"{"logStreamType":"sentry","id":"x","status":{"type":"active"}}"#),
        "deployment_info" => {
            let mut response = json(StatusCode::TEMPORARY_REDIRECT, "");
            response.headers_mut().insert(LOCATION, "/api/v1/deployment_info".parse().unwrap());
            response
        }
        _ => json(StatusCode::OK, SUCCESS),
    }
}

#[tokio::test]
async fn reaches_a_server_below_a_path_over_every_route() {
    for route in ROUTES {
        let server = TestServer::start(route, behind_a_prefix).await;
        let root = server.client().build().unwrap();
        let client = root.at(below(&root, "/convex/"));
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
        client.send(&create()).await.unwrap();
        client.send(&GetLogStream::new("a/../b?c")).await.unwrap();
        let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(5)));
        let mut seen = 0;
        while pages.next_page().await.unwrap().is_some() {
            seen += 1;
        }
        // The client does not follow redirects. The prefix does not permit a redirect to a path outside of it either.
        let error = client.send(&GetDeploymentInfo::new()).await.unwrap_err();
        assert_eq!((seen, error.kind()), (2, ErrorKind::Redirect), "{route:?}");
        let requests = server.requests();
        let paths: Vec<&str> =
            requests.iter().map(|request| request.uri().path_and_query().unwrap().as_str()).collect();
        let expected = [
            "/convex/api/v1/list_environment_variables",
            "/convex/api/v1/create_usage_limit",
            "/convex/api/v1/get_log_stream/a%2F..%2Fb%3Fc",
            "/convex/api/v1/list_audit_log_events?from=5",
            "/convex/api/v1/list_audit_log_events?from=5&cursor=a%2Fb",
            "/convex/api/v1/deployment_info",
        ];
        assert_eq!(paths, expected, "{route:?}");
        let origin = root.endpoint().url();
        for request in &requests {
            let host = request.headers().get(HOST).map(|host| host.to_str().unwrap());
            let host = host.or(request.uri().authority().map(|authority| authority.as_str()));
            assert_eq!(host, origin.strip_prefix("https://"), "{route:?}");
        }
        // Without the prefix, the server is not found.
        root.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    }
}

#[tokio::test]
async fn sends_the_clients_product_to_every_endpoint_over_every_route() {
    for route in ROUTES {
        let server = TestServer::start(route, |_| json(StatusCode::OK, SUCCESS)).await;
        let client = server.client().user_agent("my-tool/1.2 (ci)").build().unwrap();
        let own = below(&client, "/own").with_user_agent("own/3").unwrap();
        for client in [client.clone(), client.at(below(&client, "/other")), client.at(own)] {
            client.send(&ListEnvironmentVariables::new()).await.unwrap();
        }
        let requests = server.requests();
        let agents: Vec<_> = requests.iter().map(|request| request.headers()[USER_AGENT].to_str().unwrap()).collect();
        let ours = concat!("convex-mgmt/", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            agents,
            [format!("my-tool/1.2 (ci) {ours}"), format!("my-tool/1.2 (ci) {ours}"), format!("own/3 {ours}")],
            "{route:?}"
        );
        for product in ["café/1", "", "a\r\nx: y"] {
            let error = server.client().user_agent(product).build().unwrap_err();
            assert_eq!(error, ConfigError::Endpoint(EndpointError::UserAgent), "{product:?}");
        }
        assert_eq!(server.requests().len(), 3, "{route:?}");
    }
}

/// Text that users paste instead of the key alone.
fn keys() -> Vec<String> {
    let around = |text: &str| text.replace("KEY", ADMIN_KEY);
    let mut keys: Vec<String> = [
        "\"KEY\"",
        "'KEY'",
        "\u{201c}KEY\u{201d}",
        "Convex KEY",
        "Bearer KEY",
        "Authorization: Convex KEY",
        "CONVEX_DEPLOY_KEY=KEY",
        "export X=KEY",
        "X=KEY",
        "{\"key\":\"KEY\"}",
        "KEY,",
        "KEY;",
        "KEY\n",
        " KEY",
        "KEY KEY",
        "KEY\nKEY",
        "KEY\u{200b}",
        "\u{feff}KEY",
        "$KEY",
        "KEY\\n",
        "https://KEY",
    ]
    .map(around)
    .into();
    keys.push(ADMIN_KEY.replace('|', " |"));
    keys.push(ADMIN_KEY.replace('|', "\\|"));
    keys.push(ADMIN_KEY.replace('|', "%7C"));
    keys
}

#[tokio::test]
async fn never_sends_a_key_with_surrounding_text() {
    for route in ROUTES {
        let server = TestServer::start(route, |_| json(StatusCode::UNAUTHORIZED, "")).await;
        for text in keys() {
            assert!(DeployKey::parse(&text).is_err(), "{text:?}");
            // A refreshed key is the other input for keys.
            let refresh = CredentialRefreshLayer::new(move |_| {
                let text = text.clone();
                async move { Ok(DeployKey::parse(&text)?) }
            });
            let error = server.client().attempt_layer(refresh).build().unwrap();
            let error = error.send(&ListEnvironmentVariables::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Credential, "{error:?}");
        }
        let sent = format!("Convex {ADMIN_KEY}");
        let requests = server.requests();
        assert_eq!(requests.len(), keys().len(), "{route:?}");
        assert!(requests.iter().all(|request| request.headers()["authorization"] == sent), "{route:?}");
    }
}

#[tokio::test]
async fn never_sends_to_a_url_that_is_not_an_origin() {
    for route in ROUTES {
        let server = TestServer::start(route, |_| json(StatusCode::OK, SUCCESS)).await;
        let good = server.client().build().unwrap().endpoint().url().to_owned();
        for around in [
            "\"URL\"",
            "'URL'",
            " URL",
            "URL ",
            "URL\n",
            "URL,",
            "URL/,",
            "URL;",
            "URL//",
            "URL/api/v1",
            "URL?x",
            "URL#x",
            "https://URL",
            "X=URL",
            "URL\u{200b}",
            "URL\\",
        ] {
            let url = around.replace("URL", &good);
            let built = Endpoint::new(&url, &key()).map(|endpoint| server.client().build().unwrap().at(endpoint));
            assert!(built.is_err(), "{url:?}");
        }
        let port = good.rsplit(':').next().unwrap();
        for host in ["127.1", "2130706433", "0x7f.1", "999.1.1.1", "*", "x..y", ".x", "[::1%25lo]"] {
            assert!(Endpoint::new(&format!("https://{host}:{port}"), &key()).is_err(), "{host}");
        }
        let [slash, bare] = ["/", ""].map(|end| Endpoint::new(&format!("{good}{end}"), &key()).unwrap());
        let client: Client<DeploymentApi> = server.client().build().unwrap();
        assert_eq!((server.connections(), slash.url()), (0, bare.url()), "{route:?}");
        client.at(slash).send(&ListEnvironmentVariables::new()).await.unwrap();
        assert_eq!(server.requests().len(), 1, "{route:?}");
    }
}
