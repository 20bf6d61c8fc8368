//! Proxies: tunneled connections, what a proxy can see, and how it can fail.

use std::error::Error as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{
    Client, ClientBuilder, ConfigError, DeployKey, DeploymentApi, Endpoint, Error, ErrorKind, Idempotency, Proxy,
    ProxyError, RetryPolicy, Sent,
};
use convex_mgmt_suite::classes::{self, CLASSES};
use convex_mgmt_suite::routes::{HOST, ROUTES, Route, TestServer};
use convex_mgmt_suite::script_server::{Act, ScriptServer, write};
use convex_mgmt_suite::tls::Authority;
use convex_mgmt_suite::tunnel::Tunnel;
use convex_mgmt_suite::{ADMIN_KEY, endpoint, fake};
use http::Response;

const LOGIN: &str = "user:pa%24s@";
/// "user:pa$s" in base64.
const BASIC: &str = "Proxy-Authorization: Basic dXNlcjpwYSRz\r\n";

fn variables() -> Response<bytes::Bytes> {
    Response::new(r#"{"environmentVariables":{"A":"1"}}"#.into())
}

/// A client for an endpoint that may use plaintext.
fn plaintext(url: &str) -> ClientBuilder<DeploymentApi> {
    let key = DeployKey::parse(ADMIN_KEY).unwrap();
    let policy = RetryPolicy::default().max_attempts(3).base_delay(Duration::from_millis(1));
    Client::builder(Endpoint::new_insecure(url, &key).unwrap()).retry(policy)
}

fn through(builder: ClientBuilder<DeploymentApi>, proxy: &str) -> ClientBuilder<DeploymentApi> {
    builder.proxy(Proxy::new(proxy, "").unwrap())
}

async fn list(builder: ClientBuilder<DeploymentApi>) -> Result<usize, Error> {
    Ok(builder.build().unwrap().send(&ListEnvironmentVariables::new()).await?.len())
}

/// An error with all its sources, as applications print it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn reaches_a_deployment_over_every_route() {
    for route in ROUTES {
        let server = TestServer::start(route, |_| variables()).await;
        let client = server.client().build().unwrap();
        for _ in 0..2 {
            assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap().len(), 1);
        }
        assert_eq!((server.requests().len(), server.connections()), (2, 1), "{route:?}");
    }
}

#[tokio::test]
async fn every_kind_of_proxy_tunnels_and_sees_no_credential() {
    for http2 in [false, true] {
        let server = TestServer::start(Route { http2, proxied: false }, |_| variables()).await;
        let mut prefers_http2 = server.authority().valid();
        prefers_http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        for (tunnel, login) in [
            (Tunnel::start().await, ""),
            (Tunnel::start().await, LOGIN),
            // The response of an old proxy.
            (Tunnel::responding("HTTP/1.0 200 Connection established\r\nServer: x\r\n\r\n").await, ""),
            (Tunnel::responding("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n").await, ""),
            // These headers do not apply to a tunnel.
            (
                Tunnel::responding("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").await,
                "",
            ),
            (Tunnel::over_tls(server.authority().valid()).await, LOGIN),
            (Tunnel::over_tls(prefers_http2).await, LOGIN),
            (Tunnel::socks(false).await, ""),
            (Tunnel::socks(false).await, LOGIN),
            (Tunnel::socks(true).await, LOGIN),
        ] {
            let proxy = tunnel.with_login(login);
            assert_eq!(list(server.through(&proxy)).await.unwrap(), 1, "{proxy}");
            let requests = tunnel.requests();
            let [request] = &*requests else { panic!("{proxy}: {requests:?}") };
            if proxy.starts_with("socks") {
                assert!(request.starts_with(&format!("{HOST} ")), "{proxy}: {request}");
            } else {
                assert!(request.starts_with(&format!("CONNECT {HOST}:")), "{proxy}: {request}");
                assert_eq!(request.contains(BASIC), !login.is_empty(), "{proxy}: {request}");
            }
            assert!(!request.contains("c0ffee"), "{proxy}: {request}");
        }
        assert_eq!(server.requests().len(), 10);
    }
    let tunnel = Tunnel::socks(true).await;
    list(through(plaintext("http://deployment.example:1").retry(RetryPolicy::never()), &tunnel.with_login(LOGIN)))
        .await
        .unwrap_err();
    assert_eq!(tunnel.requests(), ["deployment.example 1 user pa$s"]);
}

#[tokio::test]
async fn tunnels_to_the_port_of_the_url_or_its_scheme() {
    for (url, target) in [
        ("http://deployment.example", "deployment.example:80"),
        ("http://deployment.example:8080", "deployment.example:8080"),
        ("http://deployment.example:443", "deployment.example:443"),
        ("https://deployment.example", "deployment.example:443"),
        ("https://deployment.example:80", "deployment.example:80"),
        ("http://10.0.0.1", "10.0.0.1:80"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"),
    ] {
        let tunnel = Tunnel::responding("HTTP/1.1 403 Forbidden\r\n\r\n").await;
        list(through(plaintext(url), &tunnel.url())).await.unwrap_err();
        let expected = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        assert_eq!(tunnel.requests(), [expected], "{url}");

        let host_and_port = target.rsplit_once(':').unwrap();
        let host = host_and_port.0.trim_start_matches('[').trim_end_matches(']');
        let socks = Tunnel::socks(false).await;
        // The result depends on the local machine.
        let _ = list(through(plaintext(url).retry(RetryPolicy::never()), &socks.url())).await;
        assert_eq!(socks.requests(), [format!("{host} {}", host_and_port.1)], "{url}");
    }
}

#[tokio::test]
async fn never_reaches_the_local_machine_through_a_proxy() {
    let running = fake().variable("A", "1").build().serve("127.0.0.1:0").await.unwrap();
    let port = running.address().port();
    for (host, reached) in [
        ("http://127.0.0.1", true),
        ("http://localhost", true),
        ("http://convex.localhost", true),
        ("http://a.b.localhost", true),
        // A port of another program, or one without TLS.
        ("http://127.1.2.3", false),
        ("http://[::1]", false),
        ("http://localhost.", true),
        ("http://[::ffff:127.0.0.1]", true),
        ("https://localhost", false),
        ("https://127.0.0.1", false),
    ] {
        let tunnel = Tunnel::start().await;
        let builder = Client::builder(endpoint(&format!("{host}:{port}"))).retry(RetryPolicy::never());
        let listed = list(through(builder, &tunnel.url())).await;
        assert_eq!(listed.is_ok(), reached, "{host}: {listed:?}");
        assert!(tunnel.requests().is_empty(), "{host}");
    }
}

#[tokio::test]
async fn connects_directly_to_excluded_hosts() {
    let running = fake().variable("A", "1").build().serve("127.0.0.1:0").await.unwrap();
    let url = format!("http://{HOST}:{}", running.address().port());
    for (except, direct) in [
        ("", false),
        ("other.example,*.example", false),
        ("ployment.example", false),
        ("deployment.example", true),
        ("other.example, DEPLOYMENT.example", true),
        ("other.example deployment.example", true),
        (".example", true),
        ("*", true),
        ("other.example, *", true),
    ] {
        let tunnel = Tunnel::start().await;
        let proxy = Proxy::new(&tunnel.url(), except).unwrap();
        let builder = plaintext(&url).resolve(HOST, [Ipv4Addr::LOCALHOST.into()]).proxy(proxy);
        assert_eq!(list(builder).await.unwrap(), 1, "{except}");
        assert_eq!(tunnel.requests().is_empty(), direct, "{except}");
    }
    let tunnel = Tunnel::responding("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let proxy = Proxy::new(&tunnel.url(), "*").unwrap();
    let builder = plaintext("http://192.0.2.1").retry(RetryPolicy::never()).proxy(proxy);
    list(builder.connect_timeout(Duration::from_millis(50))).await.unwrap_err();
    assert!(tunnel.requests().is_empty(), "`*` matches addresses, too");
}

#[tokio::test]
async fn sends_a_rejected_proxy_password_once() {
    for class in CLASSES {
        let tunnel = Tunnel::responding("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        let client = through(plaintext("https://deployment.example"), &tunnel.with_login(LOGIN)).build().unwrap();
        let error = classes::send(&client, class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Proxy, Sent::No, 1), "{error:?}");
        assert!(error.to_string().contains("the proxy requires a user name and password"), "{error}");
        assert_eq!(tunnel.requests().len(), 1, "{class:?}");

        let server = ScriptServer::start([vec![Act::Part(4), write([5, 2]), Act::Part(15), write([1, 1]), Act::Hang]]);
        let server = server.await;
        let proxy = format!("socks5h://{LOGIN}{}", server.address());
        let client = through(plaintext("https://deployment.example"), &proxy).build().unwrap();
        let error = classes::send(&client, class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Proxy, Sent::No, 1), "{error:?}");
        assert!(error.to_string().contains("the proxy requires a user name and password"), "{error}");
        assert_eq!(server.connections(), 1, "{class:?}");
    }
}

/// The name of a case, the script of each connection, the number of attempts, and the kind and text of the error.
type Rejection<'a> = (&'a str, Vec<Act>, u32, ErrorKind, &'a str);

async fn check_rejections(scheme: &str, rejections: impl IntoIterator<Item = Rejection<'_>>) {
    for (case, acts, attempts, kind, text) in rejections {
        for class in CLASSES {
            let server = ScriptServer::start((0..attempts).map(|_| acts.clone())).await;
            let proxy = format!("{scheme}://{}", server.address());
            let client = through(plaintext("https://deployment.example"), &proxy).build().unwrap();
            let error = classes::send(&client, class).await.unwrap_err();
            let known = (error.kind(), error.sent(), error.attempts());
            assert_eq!(known, (kind, Sent::No, attempts), "{case} {class:?}: {error:?}");
            assert_eq!(server.connections(), attempts as usize, "{case} {class:?}");
            let chain = chain(&error);
            assert!(chain.contains("proxy") && chain.contains(text), "{case}: {chain}");
            if kind == ErrorKind::Proxy {
                assert!(error.to_string().contains(text), "{case}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn reports_http_proxy_rejections_as_not_sent_and_retries_transient_ones() {
    let respond = |text: &str| vec![Act::Read, write(text), Act::Hang];
    let endless = vec![Act::Read, write("HTTP/1.1 200 OK\r\nx: "), Act::Flood(vec![b'x'; 4096])];
    check_rejections(
        "http",
        [
            ("denied", respond("HTTP/1.1 403 Forbidden\r\n\r\n"), 1, ErrorKind::Proxy, "status 403 Forbidden"),
            ("a web server", respond("HTTP/1.1 405 No\r\n\r\n<html>"), 1, ErrorKind::Proxy, "status 405"),
            ("a redirect", respond("HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n"), 1, ErrorKind::Proxy, "status 302"),
            (
                "switched",
                respond("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"),
                1,
                ErrorKind::Proxy,
                "status 101",
            ),
            ("no content", respond("HTTP/1.1 204 No Content\r\n\r\n"), 1, ErrorKind::Proxy, "status 204"),
            ("not understood", respond("HTTP/1.1 501 Not Implemented\r\n\r\n"), 3, ErrorKind::Proxy, "status 501"),
            ("host unreachable", respond("HTTP/1.1 502 Bad Gateway\r\n\r\n"), 3, ErrorKind::Proxy, "status 502"),
            ("overloaded", respond("HTTP/1.1 503 Busy\r\n\r\n"), 3, ErrorKind::Proxy, "status 503 Service Unavailable"),
            ("too much", respond("HTTP/1.1 429 Slow\r\n\r\n"), 3, ErrorKind::Proxy, "status 429"),
            ("not HTTP", respond("SSH-2.0-OpenSSH_9.6\r\n"), 1, ErrorKind::Proxy, "does not speak the protocol"),
            ("SOCKS", respond("\x05\u{0}"), 1, ErrorKind::Proxy, "does not speak the protocol"),
            (
                "bytes after the head",
                respond("HTTP/1.1 200 OK\r\n\r\nHELLO"),
                1,
                ErrorKind::Proxy,
                "does not speak the protocol",
            ),
            ("an endless head", endless, 1, ErrorKind::Proxy, "does not speak the protocol"),
            ("closed", vec![Act::Read], 3, ErrorKind::Connect, "the proxy cannot be reached, or closed"),
            (
                "half a head",
                vec![Act::Read, write("HTTP/1.1 200")],
                3,
                ErrorKind::Connect,
                "the proxy cannot be reached",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn reports_socks_proxy_rejections_as_not_sent_and_retries_transient_ones() {
    let reply = |code: u8| vec![Act::Part(3), write([5, 0]), Act::Part(5), write([5, code, 0, 1, 0, 0, 0, 0, 0, 0])];
    let protocol = "does not speak the protocol";
    check_rejections(
        "socks5",
        [
            ("general failure", reply(1), 3, ErrorKind::Proxy, "SOCKS reply 1"),
            ("not allowed", reply(2), 1, ErrorKind::Proxy, "SOCKS reply 2"),
            ("host unreachable", reply(4), 3, ErrorKind::Proxy, "SOCKS reply 4"),
            ("not supported", reply(8), 1, ErrorKind::Proxy, "SOCKS reply 8"),
            ("not known", reply(99), 1, ErrorKind::Proxy, "SOCKS reply 99"),
            ("a password required", vec![Act::Part(3), write([5, 0xff])], 1, ErrorKind::Proxy, "requires a user name"),
            ("a method not offered", vec![Act::Part(3), write([5, 2])], 1, ErrorKind::Proxy, protocol),
            ("SOCKS 4", vec![Act::Part(3), write([0, 91])], 1, ErrorKind::Proxy, protocol),
            ("HTTP", vec![Act::Part(3), write("HTTP/1.1 400 Bad Request\r\n\r\n")], 1, ErrorKind::Proxy, protocol),
            ("closed", vec![Act::Part(3)], 3, ErrorKind::Connect, "the proxy cannot be reached, or closed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn reports_not_sent_when_a_proxy_never_responds() {
    for (scheme, acts) in [
        ("http", vec![Act::Hang]),
        ("https", vec![Act::Hang]),
        ("socks5", vec![Act::Hang]),
        ("socks5", vec![Act::Part(3), write([5, 0]), Act::Hang]),
        ("http", vec![Act::Read, Act::Drip(b'H', Duration::from_millis(1))]),
    ] {
        let server = ScriptServer::start([acts]).await;
        let builder = plaintext("https://deployment.example").retry(RetryPolicy::never());
        let builder = builder.connect_timeout(Duration::from_millis(50));
        let error = list(through(builder, &format!("{scheme}://{}", server.address()))).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{scheme}: {error:?}");
    }
}

/// The endpoint's URL is correct, so the error is not [`ErrorKind::Dns`].
#[tokio::test]
async fn an_unresolvable_proxy_is_a_connect_error() {
    let builder = through(plaintext("http://deployment.example"), "http://no-such-proxy.invalid:3128");
    let error = list(builder).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error:?}");
    let text = chain(&error);
    assert!(text.contains("cannot connect to deployment.example; nothing was sent"), "{text}");
    assert!(text.contains("the name no-such-proxy.invalid does not resolve"), "{text}");
}

#[tokio::test]
async fn sends_no_password_to_an_untrusted_proxy() {
    let other = Authority::new();
    let tunnel = Tunnel::over_tls(other.valid()).await;
    let server = TestServer::start(ROUTES[0], |_| variables()).await;
    let error = list(server.through(&tunnel.with_login(LOGIN))).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Tls, Sent::No, 1), "{error:?}");
    assert!(chain(&error).contains("proxy"), "{}", chain(&error));
    assert!(tunnel.requests().is_empty() && server.connections() == 0);
    // A proxy without TLS would receive the password in plaintext.
    let plain = ScriptServer::start([vec![Act::Read, write("HTTP/1.1 200 OK\r\n\r\n"), Act::Hang]]).await;
    let proxy = format!("https://{LOGIN}localhost:{}", plain.address().port());
    let builder = server.through(&proxy).retry(RetryPolicy::never()).connect_timeout(Duration::from_millis(200));
    let error = list(builder).await.unwrap_err();
    assert_eq!((error.sent(), plain.requests().len()), (Sent::No, 0), "{error:?}");
}

#[tokio::test]
async fn local_names_resolve_only_to_the_local_machine() {
    let running = fake().variable("A", "1").build().serve("127.0.0.1:0").await.unwrap();
    let url = |host: &str| endpoint(&format!("http://{host}:{}", running.address().port()));
    for host in ["localhost", "convex.localhost", "no-such-name.LOCALHOST"] {
        assert_eq!(list(Client::builder(url(host))).await.unwrap(), 1, "{host}");
        let at = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect::<Vec<_>>();
            Client::builder(url(host)).resolve(host, addresses).build()
        };
        assert!(at(&["127.0.0.1", "::1", "127.8.9.10", "::ffff:127.0.0.1"]).is_ok(), "{host}");
        for elsewhere in [&["192.0.2.1"][..], &["127.0.0.1", "2001:db8::1"], &["0.0.0.0"]] {
            assert_eq!(at(elsewhere).unwrap_err(), ConfigError::NotLoopback, "{host} {elsewhere:?}");
        }
    }
    let error = Client::builder(endpoint("https://deployment.example")).resolve("LOCALHOST", [[192, 0, 2, 1].into()]);
    assert_eq!(error.build().unwrap_err(), ConfigError::NotLoopback, "for every endpoint");
}

#[tokio::test]
async fn reports_a_create_as_not_sent_when_the_proxy_fails() {
    let tunnel = Tunnel::responding("HTTP/1.1 503 Service Unavailable\r\n\r\n").await;
    let client = through(plaintext("https://deployment.example"), &tunnel.url()).build().unwrap();
    let error = classes::send(&client, Idempotency::NonIdempotent).await.unwrap_err();
    assert_eq!((error.kind(), error.verify_with()), (ErrorKind::Proxy, None), "{error:?}");
    let text = "the proxy rejected the connection with status 503 Service Unavailable; nothing was sent (3 attempts";
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn debug_of_a_proxy_hides_its_password() {
    let proxy = Proxy::new("http://user:canary@proxy.example:3128", "").unwrap();
    assert!(!format!("{proxy:?}").contains("canary"));
    let error = Proxy::new("ftp://user:canary@proxy.example", "").unwrap_err();
    assert_eq!(error, ProxyError::Scheme);
    assert!(!format!("{error} {error:?}").contains("canary"));
}
