//! An HTTP/2 server over TLS that a test controls frame by frame.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use convex_mgmt::{Client, ClientBuilder, DeploymentApi, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::endpoint;
use crate::routes::HOST;
use crate::tls::Authority;
use crate::tunnel::Tunnel;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
/// The flag of a `SETTINGS` or `PING` frame that acknowledges one.
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
/// `:status: 200` and `content-type: application/json`, as HPACK.
const HEAD: &[u8] = b"\x88\x0f\x10\x10application/json";

/// A server on a loopback port that passes its connections to a function. It stops when dropped.
#[derive(Debug)]
pub struct FrameServer {
    url: String,
    authority: Authority,
    tunnel: Tunnel,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl FrameServer {
    /// Calls `play` with each connection and its number, from 0. A connection is closed when `play` returns.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start<F, Playing>(play: F) -> Self
    where
        F: Fn(usize, Frames) -> Playing + Send + Sync + 'static,
        Playing: Future<Output = Option<()>> + Send + 'static,
    {
        let authority = Authority::new();
        let mut config = authority.server_config(HOST, (2020, 4000));
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("https://{HOST}:{}", listener.local_addr().expect("an address").port());
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, play) = (Arc::clone(&connections), Arc::new(play));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (acceptor, play) = (acceptor.clone(), Arc::clone(&play));
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut preface = [0; PREFACE.len()];
                    stream.read_exact(&mut preface).await.ok()?;
                    assert_eq!(preface, PREFACE);
                    play(number, Frames { stream }).await
                });
            }
        });
        Self { url, authority, tunnel: Tunnel::start().await, connections, accepting }
    }

    /// Returns a builder for a client of the server, directly or through a proxy.
    ///
    /// # Panics
    /// If the proxy's URL is invalid.
    pub fn client(&self, proxied: bool) -> ClientBuilder<DeploymentApi> {
        let builder = Client::builder(endpoint(&self.url)).root_certificates(self.authority.pem()).http2(true);
        match proxied {
            true => builder.proxy(Proxy::new(&self.tunnel.url(), "").expect("the URL of a proxy")),
            false => builder.resolve(HOST, [Ipv4Addr::LOCALHOST.into()]),
        }
    }

    /// The number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for FrameServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The frames of one connection. Methods return `None` when the client has closed it.
#[derive(Debug)]
pub struct Frames {
    stream: TlsStream<TcpStream>,
}

/// An event on a stream, caused by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The request head on this stream, and whether a body follows.
    Head(u32, bool),
    /// The end of a request on this stream.
    End(u32),
    /// A reset of this stream.
    Reset(u32),
}

impl Frames {
    /// Sends `SETTINGS` with the maximum number of concurrent streams. `None` sets no maximum.
    pub async fn settings(&mut self, streams: Option<u32>) -> Option<()> {
        let setting: Vec<u8> =
            streams.into_iter().flat_map(|streams| [&[0, 3], &streams.to_be_bytes()[..]].concat()).collect();
        self.write(SETTINGS, 0, 0, &setting).await
    }

    /// Returns the next event of a stream. Acknowledges settings and pings in the meantime.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let (kind, flags, id, payload) = self.read().await?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]).await?,
                PING if flags & ACK == 0 => self.write(PING, ACK, 0, &payload).await?,
                HEADERS if flags & END_STREAM == 0 => return Some(Event::Head(id, true)),
                HEADERS | DATA if flags & END_STREAM != 0 => return Some(Event::End(id)),
                RST_STREAM => return Some(Event::Reset(id)),
                _ => {}
            }
        }
    }

    /// Reads and discards frames, without responding, until the client closes the connection.
    pub async fn ignore_all(&mut self) {
        while self.read().await.is_some() {}
    }

    /// Returns the stream of the next complete request.
    pub async fn request(&mut self) -> Option<u32> {
        loop {
            if let Event::End(id) = self.next().await? {
                return Some(id);
            }
        }
    }

    /// Responds to a request with status 200 and this body.
    pub async fn respond(&mut self, id: u32, body: &str) -> Option<()> {
        self.write(HEADERS, END_HEADERS, id, HEAD).await?;
        self.write(DATA, END_STREAM, id, body.as_bytes()).await
    }

    /// Resets a stream with `REFUSED_STREAM`.
    pub async fn refuse(&mut self, id: u32) -> Option<()> {
        self.write(RST_STREAM, 0, id, &REFUSED_STREAM.to_be_bytes()).await
    }

    /// Sends `GOAWAY` with the last stream that is processed, and an error code.
    pub async fn go_away(&mut self, last: u32, code: u32) -> Option<()> {
        self.write(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()).await
    }

    async fn read(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let [l1, l2, l3, kind, flags, i1, i2, i3, i4] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, l1, l2, l3]) as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((kind, flags, u32::from_be_bytes([i1, i2, i3, i4]), payload))
    }

    async fn write(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> Option<()> {
        let length = u32::try_from(payload.len()).ok()?.to_be_bytes();
        let head = [&length[1..], &[kind, flags], &id.to_be_bytes()].concat();
        self.stream.write_all(&[&head, payload].concat()).await.ok()?;
        self.stream.flush().await.ok()
    }
}
