//! A fake behind TLS, and a certificate authority for tests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use convex_mgmt_fake::{ConnectionReset, Fake};
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::lock;

/// A certificate authority for tests.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Creates an authority.
    ///
    /// # Panics
    /// If no certificate can be created.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// The authority's certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Returns a server config with a certificate for this name, valid from the first to the second year.
    ///
    /// # Panics
    /// If no certificate can be created.
    pub fn server_config(&self, name: &str, years: (i32, i32)) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = config.expect("versions").with_no_client_auth();
        config.with_single_cert(vec![certificate.der().clone()], key).expect("a key that fits")
    }

    /// Returns a server config with a valid certificate for `localhost`.
    pub fn valid(&self) -> ServerConfig {
        self.server_config("localhost", (2020, 4000))
    }
}

/// The effect of a connection reset fault over HTTP/2. Over HTTP/1.1 both variants are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReset {
    /// Resets only the stream of the request.
    BreakStream,
    /// Closes the connection, with all other requests in flight on it.
    BreakConnection,
}

/// A fake behind TLS.
#[derive(Debug)]
pub struct TlsFake {
    /// The URL of the fake.
    pub url: String,
    /// The fake.
    pub fake: Fake,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    closed: AtomicUsize,
    versions: Mutex<Vec<Version>>,
}

impl TlsFake {
    /// Listens on a loopback port until the runtime ends.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn serve(fake: Fake, config: ServerConfig, on_reset: OnReset) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Seen::default());
        let secured = Self { url: format!("https://localhost:{port}"), fake: fake.clone(), seen: Arc::clone(&seen) };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.connections.fetch_add(1, Ordering::Relaxed);
                let (acceptor, fake, seen) = (acceptor.clone(), fake.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    connection(acceptor, stream, fake, Arc::clone(&seen), on_reset).await;
                    seen.closed.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        secured
    }

    /// The HTTP versions of the requests so far.
    pub fn versions(&self) -> Vec<Version> {
        lock(&self.seen.versions).clone()
    }

    /// The number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    /// The number of open connections.
    pub fn open(&self) -> usize {
        self.connections() - self.seen.closed.load(Ordering::Relaxed)
    }
}

async fn connection(acceptor: TlsAcceptor, stream: TcpStream, fake: Fake, seen: Arc<Seen>, on_reset: OnReset) {
    // The fake does the same for its own connections.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let broken = Arc::new(Notify::new());
    let breaks = Arc::clone(&broken);
    let service = service_fn(move |request: Request<Incoming>| {
        lock(&seen.versions).push(request.version());
        let (fake, breaks) = (fake.clone(), Arc::clone(&breaks));
        async move {
            let result = respond(fake, request).await;
            if result.is_err() && on_reset == OnReset::BreakConnection {
                breaks.notify_one();
                std::future::pending::<()>().await;
            }
            result
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        ended = builder.serve_connection(TokioIo::new(stream), service) => drop(ended),
        () = broken.notified() => {}
    }
}

async fn respond(fake: Fake, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ConnectionReset> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionReset)?.to_bytes();
    Ok(fake.oneshot(Request::from_parts(parts, body)).await?.map(Full::new))
}
