//! TLS: trusted and untrusted servers, handshakes, HTTP/2 and plaintext servers.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::hyper::defaults::HEAD_LIMIT;
use convex_mgmt::{
    Client, ClientBuilder, ConfigError, CryptoProvider, DeploymentApi, Error, ErrorKind, RetryPolicy, Sent,
};
use convex_mgmt_fake::Fault;
use convex_mgmt_suite::classes::create;
use convex_mgmt_suite::routes::{ROUTES, TestServer};
use convex_mgmt_suite::script_server::{Act, ScriptServer, write};
use convex_mgmt_suite::tls::{Authority, OnReset, TlsFake};
use convex_mgmt_suite::{endpoint, fake};
use http::{Response, Version};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A deployment with one variable, behind TLS.
async fn secured(config: ServerConfig) -> TlsFake {
    TlsFake::serve(fake().variable("A", "1").build(), config, OnReset::BreakStream).await
}

/// The URL of a server that accepts one connection over TLS, and that connection.
async fn one_connection(config: ServerConfig) -> (String, impl Future<Output = TlsStream<TcpStream>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    (url, async move { acceptor.accept(listener.accept().await.unwrap().0).await.unwrap() })
}

fn trusting(url: &str, authority: &Authority) -> ClientBuilder<DeploymentApi> {
    Client::builder(endpoint(url)).root_certificates(authority.pem())
}

/// Returns the error of a read. Asserts that a write that is not idempotent fails in the same way.
async fn connect_error(builder: ClientBuilder<DeploymentApi>) -> Error {
    let client = builder.build().unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    let write = client.send(&create()).await.unwrap_err();
    let known = |error: &Error| (error.cause_kind(), error.sent(), error.attempts());
    assert_eq!(known(&write), known(&error));
    assert_eq!(write.kind() == ErrorKind::OutcomeUnknown, write.sent() == Sent::Maybe, "{write:?}");
    error
}

#[tokio::test]
async fn connects_to_a_server_with_a_trusted_certificate() {
    let authority = Authority::new();
    let secured = secured(authority.valid()).await;
    let client = trusting(&secured.url, &authority).build().unwrap();
    for _ in 0..2 {
        assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap().len(), 1);
    }
    assert_eq!(secured.versions(), [Version::HTTP_11; 2]);
}

#[tokio::test]
async fn negotiates_http2_when_both_sides_support_it() {
    let authority = Authority::new();
    for (protocols, requested, version) in [
        (&["h2", "http/1.1"][..], true, Version::HTTP_2),
        (&["h2", "http/1.1"], false, Version::HTTP_11),
        (&["http/1.1"], true, Version::HTTP_11),
    ] {
        let mut config = authority.valid();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let secured = secured(config).await;
        let client = trusting(&secured.url, &authority).http2(requested).build().unwrap();
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
        assert_eq!(secured.versions(), [version], "{protocols:?} {requested}");
    }
}

/// HTTP/2 counts the bytes of names and values, and 32 bytes for each header.
#[tokio::test]
async fn accepts_an_http2_head_up_to_the_limit() {
    let authority = Authority::new();
    for (length, ok) in [(HEAD_LIMIT - 1000, true), (HEAD_LIMIT + 1, false), (4 * HEAD_LIMIT, false)] {
        let mut config = authority.valid();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let (url, stream) = one_connection(config).await;
        let respond = service_fn(move |_| {
            let response = Response::builder().header("x", "y".repeat(length));
            std::future::ready(response.body(r#"{"environmentVariables":{}}"#.to_owned()))
        });
        tokio::spawn(async move {
            let stream = TokioIo::new(stream.await);
            drop(auto::Builder::new(TokioExecutor::new()).serve_connection(stream, respond).await);
        });
        let client = trusting(&url, &authority).http2(true).retry(RetryPolicy::never()).build().unwrap();
        match client.send(&ListEnvironmentVariables::new()).await {
            Ok(_) => assert!(ok, "{length}"),
            Err(error) => {
                assert!(!ok, "{length}: {error:?}");
                let known = (error.kind(), error.sent());
                assert_eq!(known, (ErrorKind::InvalidResponse, Sent::Maybe), "{length}: {error:?}");
                assert!(error.to_string().contains("its head exceeds 256 KiB"), "{length}: {error}");
            }
        }
    }
}

/// An HTTP/2 frame on a stream.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

#[tokio::test]
async fn reports_invalid_http2_responses() {
    let authority = Authority::new();
    let settings = frame(4, 0, 0, b"");
    // `:status: 200` is the eighth entry of the static table. The rest is `content-length: 3`.
    let headers = frame(1, 4, 1, b"\x88\x0f\x0d\x013");
    for (case, bytes) in [
        ("HTTP/1.1", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("another protocol", b"SSH-2.0-OpenSSH\r\n".to_vec()),
        ("data on no stream", [&settings[..], &frame(0, 0, 0, b"x")].concat()),
        ("headers that cannot be read", [&settings[..], &frame(1, 5, 1, b"\xff\xff\xff\xff\xff\xff")].concat()),
        ("no status", [&settings[..], &frame(1, 5, 1, b"\x40\x01x\x01y")].concat()),
        ("shorter than its length", [&settings[..], &headers, &frame(0, 1, 1, b"{}")].concat()),
        ("longer than its length", [&settings[..], &headers, &frame(0, 1, 1, b"{  }")].concat()),
    ] {
        let mut config = authority.valid();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let (url, stream) = one_connection(config).await;
        tokio::spawn(async move {
            let mut stream = stream.await;
            let mut request = [0; 4096];
            let mut read = 0;
            // The preface, the settings, and the headers, which end the stream.
            while !request[..read].windows(5).any(|part| part == [1, 5, 0, 0, 0]) {
                read += stream.read(&mut request[read..]).await.unwrap();
            }
            drop(stream.write_all(&bytes).await);
            while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
        });
        let client = trusting(&url, &authority).http2(true).retry(RetryPolicy::never()).build().unwrap();
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::InvalidResponse, Sent::Maybe), "{case}: {error:?}");
        assert!(error.to_string().contains("not valid HTTP"), "{case}: {error}");
    }
}

/// One call opens the connection for all calls, also after a shared connection broke.
#[tokio::test]
async fn concurrent_calls_open_one_http2_connection() {
    const MOST: usize = 8;
    let authority = Authority::new();
    let mut config = authority.valid();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let fake = fake().build();
    let secured = TlsFake::serve(fake.clone(), config, OnReset::BreakConnection).await;
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1));
    let builder = trusting(&secured.url, &authority).http2(true).retry(retry).max_concurrency(MOST);
    let client = builder.build().unwrap();
    for round in 1..=3 {
        let before = secured.connections();
        let calls: Vec<_> = (0..10 * MOST)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let one_is_left = async {
            while secured.open() > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), one_is_left).await.unwrap();
        let opened = secured.connections() - before;
        assert_eq!(opened, 1, "connections in round {round}");
        // In the next round the last request in flight breaks the connection of all.
        for _ in 1..MOST {
            fake.fault(Fault::delay(Duration::from_secs(60)));
        }
        fake.fault(Fault::Reset);
    }
}

#[tokio::test]
async fn sends_nothing_to_an_untrusted_server_and_does_not_retry() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (case, config, trusted) in [
        ("unknown issuer", authority.valid(), &other),
        ("another name", authority.server_config("example.com", (2020, 4000)), &authority),
        ("expired", authority.server_config("localhost", (2020, 2021)), &authority),
        ("not yet valid", authority.server_config("localhost", (3990, 4000)), &authority),
    ] {
        let secured = secured(config).await;
        let error = connect_error(trusting(&secured.url, trusted)).await;
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Tls, Sent::No, 1), "{case}: {error:?}");
        assert!(secured.fake.requests().is_empty(), "{case}");
    }
    let secured = secured(authority.valid()).await;
    let error = connect_error(Client::builder(endpoint(&secured.url))).await;
    assert_eq!(error.kind(), ErrorKind::Tls, "the bundled roots do not know our authority: {error:?}");
    assert!(std::error::Error::source(&error).is_some(), "the reason is in the chain");
}

/// An `https` URL of a server without TLS.
fn for_tls(server: &ScriptServer) -> String {
    format!("https://localhost:{}", server.address().port())
}

#[tokio::test]
async fn reports_not_sent_when_the_handshake_fails() {
    // A connection that is closed early is a network failure and may be transient. A response that is not TLS would come
    // again.
    let plain = write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    for (case, acts, kind, attempts) in [
        ("closed at once", vec![], ErrorKind::Connect, 2),
        ("closed", vec![Act::Part(1)], ErrorKind::Connect, 2),
        ("reset", vec![Act::Part(1), Act::Reset], ErrorKind::Connect, 2),
        ("half a record", vec![Act::Part(1), write(b"\x16\x03\x03\x00\x7a\x02")], ErrorKind::Connect, 2),
        ("an alert", vec![Act::Part(1), write(b"\x15\x03\x03\x00\x02\x02\x28"), Act::Hang], ErrorKind::Tls, 1),
        ("plain HTTP", vec![Act::Part(1), plain], ErrorKind::Tls, 1),
    ] {
        let server = ScriptServer::start((0..4).map(|_| acts.clone())).await;
        let policy = RetryPolicy::default().max_attempts(2).base_delay(Duration::ZERO);
        let error = connect_error(Client::builder(endpoint(&for_tls(&server))).retry(policy)).await;
        assert_eq!((error.kind(), error.sent(), error.attempts()), (kind, Sent::No, attempts), "{case}: {error:?}");
        // One read and one write.
        assert_eq!(server.connections(), 2 * attempts as usize, "{case}");
    }
}

#[tokio::test]
async fn reports_a_plaintext_port_for_a_tls_url_over_every_route() {
    for route in ROUTES {
        let server = TestServer::start(route, |_| Response::new(Bytes::new())).await;
        let plain = fake().build();
        let running = plain.serve("127.0.0.1:0").await.unwrap();
        let url = server.url_with("https", Some(running.address().port()));
        let error = connect_error(server.client_at(&url)).await;
        assert_eq!(
            (error.kind(), error.sent(), error.attempts()),
            (ErrorKind::Tls, Sent::No, 1),
            "{route:?}: {error:?}"
        );
        assert!(error.to_string().contains("does not seem to speak TLS"), "{route:?}: {error}");
        assert!(plain.requests().is_empty(), "{route:?}");
    }
}

/// The request is sent in plaintext, and the TLS server rejects it.
#[tokio::test]
async fn reports_a_tls_port_for_a_plaintext_url_over_every_route() {
    for route in ROUTES {
        let server = TestServer::start(route, |_| Response::new(Bytes::new())).await;
        let client = server.client_at(&server.url_with("http", None)).build().unwrap();
        for result in
            [client.send(&ListEnvironmentVariables::new()).await.map(drop), client.send(&create()).await.map(drop)]
        {
            let error = result.unwrap_err();
            let known = (error.kind(), error.sent(), error.attempts());
            assert_eq!(known, (ErrorKind::Tls, Sent::Maybe, 1), "{route:?}: {error:?}");
            assert!(error.to_string().contains(" speaks TLS at this port: use `https`"), "{route:?}: {error}");
        }
        assert!(server.requests().is_empty(), "{route:?}");
    }
}

#[tokio::test]
async fn a_hanging_handshake_times_out() {
    let short = Duration::from_millis(50);
    let server = ScriptServer::start((0..4).map(|_| vec![Act::Hang])).await;
    let policy = RetryPolicy::default().max_attempts(2).base_delay(Duration::ZERO);
    let error = connect_error(Client::builder(endpoint(&for_tls(&server))).retry(policy).connect_timeout(short)).await;
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 2), "{error:?}");
    assert!(error.elapsed() >= 2 * short, "{error:?}");
    assert_eq!(server.connections(), 4);

    let server = ScriptServer::start([vec![Act::Hang], vec![Act::Hang]]).await;
    let error = connect_error(Client::builder(endpoint(&for_tls(&server))).total_timeout(2 * short)).await;
    assert_eq!((error.kind(), error.attempts(), server.connections()), (ErrorKind::DeadlineExceeded, 1, 2));
}

/// Only TLS's `close_notify` proves that the response is complete.
#[tokio::test]
async fn a_connection_without_close_notify_counts_as_truncated() {
    let authority = Authority::new();
    let body = r#"{"environmentVariables":{}}"#;
    let sized = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let until_closed = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{body}");
    for (case, text, close_notify, whole) in [
        ("a length", &sized, false, true),
        ("a length and close_notify", &sized, true, true),
        ("until the end", &until_closed, false, false),
        ("until the end and close_notify", &until_closed, true, true),
        ("short of its length", &cut, false, false),
        ("short of its length and close_notify", &cut, true, false),
    ] {
        let (url, stream) = one_connection(authority.valid()).await;
        let text = text.clone();
        tokio::spawn(async move {
            let mut stream = stream.await;
            drop(stream.read(&mut [0; 4096]).await);
            stream.write_all(text.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            if close_notify {
                stream.shutdown().await.unwrap();
            }
        });
        let client = trusting(&url, &authority).retry(RetryPolicy::never()).build().unwrap();
        match client.send(&ListEnvironmentVariables::new()).await {
            Ok(_) => assert!(whole, "{case}"),
            Err(error) => {
                assert!(!whole, "{case}: {error:?}");
                assert_eq!((error.kind(), error.sent()), (ErrorKind::Connection, Sent::Maybe), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn every_crypto_provider_works() {
    let authority = Authority::new();
    let secured = secured(authority.valid()).await;
    let providers = [
        CryptoProvider::Ring,
        #[cfg(feature = "tls-aws-lc")]
        CryptoProvider::AwsLc,
    ];
    for provider in providers {
        let client = trusting(&secured.url, &authority).crypto_provider(provider).build().unwrap();
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert!(rustls::crypto::CryptoProvider::get_default().is_none(), "no process-wide default was installed");
}

#[test]
fn names_the_index_of_an_invalid_certificate() {
    let builder = || Client::builder(endpoint("https://example.com"));
    let good = Authority::new().pem();
    let error = builder().root_certificates(good.as_str()).root_certificates("no pem").build().unwrap_err();
    assert_eq!(error, ConfigError::RootCertificate { index: 1 });
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(builder().root_certificates(broken).build().unwrap_err(), ConfigError::RootCertificate { index: 0 });
    assert!(matches!(builder().user_agent("a\nb").build(), Err(ConfigError::Endpoint(_))));
}

/// The URL that the child process sends to.
const URL: &str = "CONVEX_MGMT_TEST_URL";
/// Set if the child process trusts the platform's certificates.
const NATIVE: &str = "CONVEX_MGMT_TEST_NATIVE_ROOTS";

/// The test that the child process runs.
const NATIVE_TEST: &str = "trusts_platform_certificates_only_on_request";

/// The platform's certificates are those of `SSL_CERT_FILE` where it is set. The variable belongs to the process, so each
/// case starts this program again.
#[tokio::test]
async fn trusts_platform_certificates_only_on_request() {
    if let Ok(url) = std::env::var(URL) {
        return println!("outcome: {}.", outcome(&url, std::env::var_os(NATIVE).is_some()).await);
    }
    let (authority, other) = (Authority::new(), Authority::new());
    let secured = TlsFake::serve(fake().build(), authority.valid(), OnReset::BreakStream).await;
    let folder = std::env::temp_dir().join(format!("convex-mgmt-roots-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (ours, others) = (file("ours.pem", authority.pem()), file("others.pem", other.pem()));
    // An unreadable certificate does not affect the others.
    let mixed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned() + &authority.pem();
    let (mixed, none) = (file("mixed.pem", mixed), file("none.pem", String::new()));
    for (roots, native, expected) in [
        (&ours, true, "success"),
        (&mixed, true, "success"),
        (&others, true, "failed with Tls"),
        (&none, true, "not built: NoNativeRoots"),
        // Without the request, the bundled certificates apply. They do not include the test's authority.
        (&ours, false, "failed with Tls"),
    ] {
        let (url, roots) = (secured.url.clone(), roots.clone());
        let output = tokio::task::spawn_blocking(move || run_in_process(&url, &roots, native)).await.unwrap();
        assert!(output.contains(&format!("outcome: {expected}.")), "{expected}: {output}");
    }
    // The failed cases sent nothing.
    assert_eq!(secured.versions().len(), 2);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Runs this test in a child process, and returns its output.
fn run_in_process(url: &str, roots: &Path, native: bool) -> String {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program
        .args(["--exact", NATIVE_TEST, "--nocapture"])
        .env(URL, url)
        .env("SSL_CERT_FILE", roots)
        .env_remove("SSL_CERT_DIR");
    if native {
        program.env(NATIVE, "1");
    }
    let output = program.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the outcome of one call.
async fn outcome(url: &str, native: bool) -> String {
    let builder = Client::builder(endpoint(url));
    let builder = if native { builder.native_roots() } else { builder };
    let client = match builder.build() {
        Ok(client) => client,
        Err(error @ ConfigError::NoNativeRoots) => return format!("not built: {error:?}"),
        Err(error) => panic!("{error}"),
    };
    match client.send(&ListEnvironmentVariables::new()).await {
        Ok(_) => "success".to_owned(),
        Err(error) => {
            assert_eq!((error.kind() == ErrorKind::Tls, error.attempts()), (true, 1), "{error:?}");
            format!("failed with {:?}", error.kind())
        }
    }
}
