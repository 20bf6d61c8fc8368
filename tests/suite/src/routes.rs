//! A server behind TLS that responds by a function, and the routes to it.
//!
//! The routes are HTTP/1.1 and HTTP/2, each directly and through a proxy.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt::{Client, ClientBuilder, DeployKey, DeploymentApi, Endpoint, Proxy};
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::tls::Authority;
use crate::tunnel::Tunnel;
use crate::{ADMIN_KEY, lock};

/// The server's name. It is not a local name, because clients never use a proxy for local names.
pub const HOST: &str = "deployment.example";

/// A route to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whether both sides negotiate HTTP/2.
    pub http2: bool,
    /// Whether connections go through a proxy.
    pub proxied: bool,
}

/// All routes.
pub const ROUTES: [Route; 4] = [
    Route { http2: false, proxied: false },
    Route { http2: false, proxied: true },
    Route { http2: true, proxied: false },
    Route { http2: true, proxied: true },
];

/// A server that responds to each request by a function, and is reached over one route. It stops when dropped.
#[derive(Debug)]
pub struct TestServer {
    url: String,
    route: Route,
    authority: Authority,
    tunnel: Tunnel,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Request<Bytes>>>,
}

impl TestServer {
    /// Starts a server that is reached over this route.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start<F>(route: Route, respond: F) -> Self
    where
        F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        Self::with_max_streams(route, None, respond).await
    }

    /// Starts a server with a maximum number of concurrent streams per HTTP/2 connection. It refuses further streams.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn with_max_streams<F>(route: Route, streams: Option<u32>, respond: F) -> Self
    where
        F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        Self::run(route, streams, move |request| std::future::ready(respond(&request).map(Full::new))).await
    }

    /// Starts a server with an async function, for delayed responses or a [`ChannelBody`].
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start_async<F, W, B>(route: Route, respond: F) -> Self
    where
        F: Fn(Request<Bytes>) -> W + Send + Sync + 'static,
        W: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        Self::run(route, None, respond).await
    }

    async fn run<F, W, B>(route: Route, streams: Option<u32>, respond: F) -> Self
    where
        F: Fn(Request<Bytes>) -> W + Send + Sync + 'static,
        W: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        let authority = Authority::new();
        let mut config = authority.server_config(HOST, (2020, 4000));
        config.alpn_protocols = vec![if route.http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (seen, respond) = (Arc::new(Seen::default()), Arc::new(respond));
        let counts = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counts.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&counts), streams, Arc::clone(&respond)));
            }
        });
        let tunnel = Tunnel::start().await;
        Self { url: format!("https://{HOST}:{port}"), route, authority, tunnel, seen, accepting }
    }

    /// Returns a builder for a client that uses the server's route.
    ///
    /// # Panics
    /// If the proxy's URL is invalid.
    pub fn client(&self) -> ClientBuilder<DeploymentApi> {
        self.client_at(&self.url)
    }

    /// Returns a builder for a client that sends to this URL of the server's host, over the server's route.
    ///
    /// # Panics
    /// If the proxy's URL is invalid.
    pub fn client_at(&self, url: &str) -> ClientBuilder<DeploymentApi> {
        match self.route.proxied {
            true => proxied(self.builder(url), &self.tunnel.url()),
            false => self.builder(url).resolve(HOST, [Ipv4Addr::LOCALHOST.into()]),
        }
    }

    /// The server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's URL with another scheme, and with another port if `port` is set.
    pub fn url_with(&self, scheme: &str, port: Option<u16>) -> String {
        let (_, rest) = self.url.split_once(':').unwrap_or_default();
        match (port, rest.rsplit_once(':')) {
            (Some(port), Some((host, _))) => format!("{scheme}:{host}:{port}"),
            _ => format!("{scheme}:{rest}"),
        }
    }

    /// Returns a builder for a client that reaches the server through this proxy.
    ///
    /// # Panics
    /// If the proxy's URL is invalid.
    pub fn through(&self, proxy: &str) -> ClientBuilder<DeploymentApi> {
        proxied(self.builder(&self.url), proxy)
    }

    fn builder(&self, url: &str) -> ClientBuilder<DeploymentApi> {
        let key = DeployKey::parse(ADMIN_KEY).expect("a made-up key");
        let endpoint =
            if url.starts_with("http:") { Endpoint::new_insecure(url, &key) } else { Endpoint::new(url, &key) };
        let builder = Client::builder(endpoint.expect("the URL of an endpoint"));
        builder.root_certificates(self.authority.pem()).http2(self.route.http2)
    }

    /// The certificate authority that the client trusts.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the requests so far. Checks that each came over the server's route.
    ///
    /// # Panics
    /// If a request came over another route.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        let requests = lock(&self.seen.requests).clone();
        let version = if self.route.http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        assert!(requests.iter().all(|request| request.version() == version), "{:?}", self.route);
        let tunnels = if self.route.proxied { self.connections() } else { 0 };
        assert_eq!(self.tunnel.requests().len(), tunnels, "{:?}", self.route);
        requests
    }

    /// The number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn proxied(builder: ClientBuilder<DeploymentApi>, proxy: &str) -> ClientBuilder<DeploymentApi> {
    builder.proxy(Proxy::new(proxy, "").expect("the URL of a proxy"))
}

/// A body whose parts come from a channel. It ends when the sender is dropped.
#[derive(Debug)]
pub struct ChannelBody(UnboundedReceiver<Bytes>);

impl ChannelBody {
    /// Creates a body and the sender of its parts.
    pub fn new() -> (UnboundedSender<Bytes>, Self) {
        let (sender, receiver) = unbounded_channel();
        (sender, Self(receiver))
    }
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

async fn connection<F, W, B>(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    seen: Arc<Seen>,
    streams: Option<u32>,
    respond: Arc<F>,
) where
    F: Fn(Request<Bytes>) -> W + Send + Sync + 'static,
    W: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, respond) = (Arc::clone(&seen), Arc::clone(&respond));
        async move {
            let (parts, body) = request.into_parts();
            let request = Request::from_parts(parts, body.collect().await?.to_bytes());
            lock(&seen.requests).push(request.clone());
            Ok::<_, hyper::Error>(respond(request).await)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    if let Some(streams) = streams {
        builder.http2().max_concurrent_streams(streams);
    }
    drop(builder.serve_connection(TokioIo::new(stream), service).await);
}
