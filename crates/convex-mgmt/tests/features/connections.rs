//! Connections over hyper: TLS, HTTP/2 and proxies, with the features that add them.

use std::error::Error as _;

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, ClientBuilder, ConfigError, DeployKey, DeploymentApi, Endpoint, Error, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 34\r\n\r\n";
const BODY: &str = r#"{"environmentVariables":{"A":"1"}}"#;
const HAS_PROVIDER: bool = cfg!(any(feature = "tls-ring", feature = "tls-aws-lc"));
const HAS_TLS: bool = HAS_PROVIDER || cfg!(feature = "native-roots");

fn builder(url: &str) -> ClientBuilder<DeploymentApi> {
    let key = DeployKey::parse("happy-animal-123|01c0ffee").unwrap();
    Client::builder(Endpoint::new_insecure(url, &key).unwrap())
}

async fn list(builder: ClientBuilder<DeploymentApi>) -> Result<usize, Error> {
    Ok(builder.build().unwrap().send(&ListEnvironmentVariables::new()).await?.len())
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Reads the head of a request.
async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn respond<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> String {
    let head = head(stream).await;
    stream.write_all(format!("{HEAD}{BODY}").as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    head
}

/// A plaintext server that responds to one request. Its task returns the head of the request.
async fn plain() -> (String, JoinHandle<String>) {
    let (listener, port) = listener().await;
    let serving = tokio::spawn(async move { respond(&mut listener.accept().await.unwrap().0).await });
    (format!("http://127.0.0.1:{port}"), serving)
}

#[tokio::test]
async fn http_works_in_every_build_with_hyper() {
    let (url, serving) = plain().await;
    assert_eq!(list(builder(&url)).await.unwrap(), 1);
    assert!(serving.await.unwrap().starts_with("GET /api/v1/list_environment_variables HTTP/1.1\r\n"));
}

#[tokio::test]
async fn https_requires_a_provider_and_the_error_names_the_feature() {
    let https = "https://deployment.example";
    let missing = match (HAS_PROVIDER, HAS_TLS) {
        (true, _) => None,
        (false, true) => Some(ConfigError::NoCryptoProvider),
        (false, false) => Some(ConfigError::NoTls),
    };
    assert_eq!(builder(https).build().err(), missing);
    let Some(missing) = missing else { return };
    assert!(missing.to_string().contains("enable the feature `tls-ring`"), "{missing}");
    // A client that was built for an `http` endpoint, with another endpoint.
    let (url, _serving) = plain().await;
    let key = DeployKey::parse("happy-animal-123|01c0ffee").unwrap();
    let client = builder(&url).build().unwrap().at(Endpoint::<DeploymentApi>::new(https, &key).unwrap());
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Tls, 1), "{error:?}");
    let mut source = error.source();
    while let Some(cause) = source.filter(|cause| !cause.is::<ConfigError>()) {
        source = cause.source();
    }
    assert_eq!(source.and_then(|cause| cause.downcast_ref()), Some(&missing), "{error:?}");
}

#[cfg(feature = "native-roots")]
#[tokio::test]
async fn http_does_not_require_platform_roots() {
    let (url, _serving) = plain().await;
    assert_eq!(list(builder(&url).native_roots()).await.unwrap(), 1);
}

#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))]
#[test]
fn an_unreadable_root_is_an_error_in_every_build() {
    let built = builder("http://127.0.0.1").root_certificates("not a certificate").build();
    assert_eq!(built.err(), Some(ConfigError::RootCertificate { index: 0 }));
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http_uses_http_1_when_http_2_is_enabled() {
    let (url, serving) = plain().await;
    assert_eq!(list(builder(&url).http2(true)).await.unwrap(), 1);
    assert!(serving.await.unwrap().contains(" HTTP/1.1\r\n"));
}

#[cfg(feature = "proxy")]
mod proxy {
    use convex_mgmt::{Proxy, ProxyError};
    use tokio::net::TcpStream;

    use super::*;

    /// Accepts a connection and opens a tunnel to `target`. The test plays the target itself.
    pub(super) async fn open(listener: &TcpListener, target: &str) -> TcpStream {
        let mut stream = listener.accept().await.unwrap().0;
        assert!(head(&mut stream).await.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        stream
    }

    #[tokio::test]
    async fn tunnels_http() {
        let (listener, port) = listener().await;
        let serving = tokio::spawn(async move { respond(&mut open(&listener, "deployment.example:80").await).await });
        let proxy = Proxy::new(&format!("http://127.0.0.1:{port}"), "").unwrap();
        assert_eq!(list(builder("http://deployment.example").proxy(proxy)).await.unwrap(), 1);
        serving.await.unwrap();
    }

    #[test]
    fn a_proxy_over_tls_requires_tls() {
        let proxy = Proxy::new("https://user:canary@proxy.example", "");
        assert_eq!(proxy.as_ref().err(), (!HAS_TLS).then_some(&ProxyError::NoTls));
        if let Ok(proxy) = proxy {
            let built = builder("http://deployment.example").proxy(proxy).build();
            assert_eq!(built.err(), (!HAS_PROVIDER).then_some(ConfigError::NoCryptoProvider));
        }
    }
}

#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod tls {
    use std::sync::Arc;

    use convex_mgmt::CryptoProvider;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use tokio::net::TcpStream;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::server::TlsStream;

    use super::*;

    const HOST: &str = "deployment.example";

    /// A server with a certificate for [`HOST`], and the PEM of its authority.
    fn server(protocols: &[&str]) -> (TlsAcceptor, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([HOST.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        (TlsAcceptor::from(Arc::new(config)), authority.pem())
    }

    async fn accept(acceptor: TlsAcceptor, listener: TcpListener) -> TlsStream<TcpStream> {
        acceptor.accept(listener.accept().await.unwrap().0).await.unwrap()
    }

    fn trusting(port: u16, pem: &str) -> ClientBuilder<DeploymentApi> {
        let loopback = std::net::Ipv4Addr::LOCALHOST.into();
        builder(&format!("https://{HOST}:{port}")).root_certificates(pem).resolve(HOST, [loopback])
    }

    #[tokio::test]
    async fn https_works_with_each_provider() {
        for provider in [
            #[cfg(feature = "tls-ring")]
            CryptoProvider::Ring,
            #[cfg(feature = "tls-aws-lc")]
            CryptoProvider::AwsLc,
        ] {
            let (acceptor, pem) = server(&["h2", "http/1.1"]);
            let (listener, port) = listener().await;
            let serving = tokio::spawn(async move { respond(&mut accept(acceptor, listener).await).await });
            assert_eq!(list(trusting(port, &pem).crypto_provider(provider)).await.unwrap(), 1);
            assert!(serving.await.unwrap().contains(" HTTP/1.1\r\n"), "HTTP/2 was not requested");
        }
    }

    #[cfg(feature = "proxy")]
    #[tokio::test]
    async fn tunnels_https() {
        let (acceptor, pem) = server(&[]);
        let (listener, port) = listener().await;
        let serving = tokio::spawn(async move {
            let stream = proxy::open(&listener, "deployment.example:443").await;
            respond(&mut acceptor.accept(stream).await.unwrap()).await
        });
        let proxy = convex_mgmt::Proxy::new(&format!("http://127.0.0.1:{port}"), "").unwrap();
        let builder = builder("https://deployment.example").root_certificates(pem).proxy(proxy);
        assert_eq!(list(builder).await.unwrap(), 1);
        assert!(serving.await.unwrap().contains("authorization: "));
    }

    /// The HTTP/2 frames of one response. Source: RFC 9113.
    #[cfg(feature = "http2")]
    #[tokio::test]
    async fn https_negotiates_http_2_when_enabled() {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        const HEADERS: u8 = 1;
        let (acceptor, pem) = server(&["h2"]);
        let (listener, port) = listener().await;
        let serving = tokio::spawn(async move {
            let mut stream = accept(acceptor, listener).await;
            let mut preface = [0; PREFACE.len()];
            stream.read_exact(&mut preface).await.unwrap();
            assert_eq!(preface, PREFACE);
            // Empty settings, and the acknowledgment of the client's settings.
            stream.write_all(b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0").await.unwrap();
            let mut frame = [0; 9];
            while frame[3] != HEADERS {
                stream.read_exact(&mut frame).await.unwrap();
                let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
                stream.read_exact(&mut vec![0; length as usize]).await.unwrap();
            }
            // Status 200, and the body as the last frame of stream 1.
            stream.write_all(b"\0\0\x01\x01\x04\0\0\0\x01\x88").await.unwrap();
            stream.write_all(b"\0\0\x22\0\x01\0\0\0\x01").await.unwrap();
            stream.write_all(BODY.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            // The client closes the connection.
            while stream.read(&mut frame).await.is_ok_and(|read| read > 0) {}
        });
        assert_eq!(list(trusting(port, &pem).http2(true)).await.unwrap(), 1);
        serving.await.unwrap();
    }
}
