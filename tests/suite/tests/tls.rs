//! Real TLS: whom a client trusts, and what it says when it does not.

use std::time::Duration;

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, ClientBuilder, ConfigError, CryptoProvider, Deployment, Error, ErrorKind, Sent};
use convex_mgmt_suite::tls::{Authority, OnReset, Secured};
use convex_mgmt_suite::{endpoint, fake};
use http::Version;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A deployment with one variable, behind TLS.
async fn secured(config: ServerConfig) -> Secured {
    Secured::serve(fake().variable("A", "1").build(), config, OnReset::BreakStream).await
}

fn trusting(url: &str, authority: &Authority) -> ClientBuilder<Deployment> {
    Client::builder(endpoint(url)).root_certificates(authority.pem())
}

async fn refused(builder: ClientBuilder<Deployment>) -> Error {
    let client = builder.build().unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap_err()
}

#[tokio::test]
async fn a_deployment_is_reached_through_an_authority_that_is_trusted() {
    let authority = Authority::new();
    let secured = secured(authority.valid()).await;
    let client = trusting(&secured.url, &authority).build().unwrap();
    for _ in 0..2 {
        assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap().len(), 1);
    }
    assert_eq!(secured.versions(), [Version::HTTP_11; 2]);
}

#[tokio::test]
async fn http2_is_spoken_where_both_want_it() {
    let authority = Authority::new();
    for (protocols, wanted, version) in [
        (&["h2", "http/1.1"][..], true, Version::HTTP_2),
        (&["h2", "http/1.1"], false, Version::HTTP_11),
        (&["http/1.1"], true, Version::HTTP_11),
    ] {
        let mut config = authority.valid();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let secured = secured(config).await;
        let client = trusting(&secured.url, &authority).http2(wanted).build().unwrap();
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
        assert_eq!(secured.versions(), [version], "{protocols:?} {wanted}");
    }
}

#[tokio::test]
async fn whom_a_client_does_not_trust_gets_nothing_and_no_second_try() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (case, config, trusted) in [
        ("unknown issuer", authority.valid(), &other),
        ("another name", authority.server_config("example.com", (2020, 4000)), &authority),
        ("expired", authority.server_config("localhost", (2020, 2021)), &authority),
        ("not yet valid", authority.server_config("localhost", (3990, 4000)), &authority),
    ] {
        let secured = secured(config).await;
        let error = refused(trusting(&secured.url, trusted)).await;
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Tls, Sent::No, 1), "{case}: {error:?}");
        assert!(secured.fake.requests().is_empty(), "{case}");
    }
    let secured = secured(authority.valid()).await;
    let error = refused(Client::builder(endpoint(&secured.url))).await;
    assert_eq!(error.kind(), ErrorKind::Tls, "the bundled roots do not know our authority: {error:?}");
    assert!(std::error::Error::source(&error).is_some(), "the reason is in the chain");
}

#[tokio::test]
async fn plain_http_on_a_port_for_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.read(&mut [0; 64]).await);
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await);
        }
    });
    let error = refused(Client::builder(endpoint(&url))).await;
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Tls, Sent::No), "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_never_goes_on_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let error = refused(Client::builder(endpoint(&url)).total_timeout(Duration::from_millis(100))).await;
    assert_eq!(error.kind(), ErrorKind::TotalTimeout);
    drop(listener);
}

#[tokio::test]
async fn each_crypto_provider_works_whichever_are_built_in() {
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
fn certificates_that_cannot_be_read_are_named() {
    let builder = || Client::builder(endpoint("https://example.com"));
    let good = Authority::new().pem();
    let error = builder().root_certificates(good.as_str()).root_certificates("no pem").build().unwrap_err();
    assert_eq!(error, ConfigError::RootCertificate { index: 1 });
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(builder().root_certificates(broken).build().unwrap_err(), ConfigError::RootCertificate { index: 0 });
    assert!(matches!(builder().user_agent("a\nb").build(), Err(ConfigError::Endpoint(_))));
}

#[test]
fn the_certificates_of_the_platform_are_used_or_missed() {
    let built = Client::builder(endpoint("https://example.com")).native_roots().build();
    assert!(matches!(built, Ok(_) | Err(ConfigError::NoNativeRoots)), "{built:?}");
}
