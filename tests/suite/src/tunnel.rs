//! A proxy that tunnels with HTTP `CONNECT`, with or without TLS, or with SOCKS 5, and records its requests.
//!
//! It connects to the requested port on the local machine, whatever the requested host is. The tests use made-up hosts,
//! because clients never use a proxy for the local machine.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::lock;

/// A proxy on a loopback port. It stops when dropped.
#[derive(Debug)]
pub struct Tunnel {
    scheme: &'static str,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

#[derive(Clone)]
enum Kind {
    /// HTTP, with these bytes as the response to every request.
    Http(&'static str),
    /// HTTP over TLS.
    Https(TlsAcceptor),
    /// SOCKS 5. `login` requires a user name and password.
    Socks { login: bool },
}

impl Tunnel {
    /// Starts an HTTP proxy that opens every tunnel.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        Self::responding("HTTP/1.1 200 OK\r\n\r\n").await
    }

    /// Starts an HTTP proxy that responds to every request with these bytes. It opens the tunnel after a success, and closes
    /// the connection otherwise.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn responding(response: &'static str) -> Self {
        Self::start_kind("http", Kind::Http(response)).await
    }

    /// Starts a proxy behind TLS that opens every tunnel.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn over_tls(config: ServerConfig) -> Self {
        Self::start_kind("https", Kind::Https(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// Starts a SOCKS proxy that opens every tunnel. `login` requires a user name and password.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn socks(login: bool) -> Self {
        Self::start_kind("socks5", Kind::Socks { login }).await
    }

    async fn start_kind(scheme: &'static str, kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, kind.clone(), Arc::clone(&recorded)));
            }
        });
        Self { scheme, address, requests, accepting }
    }

    /// The proxy's URL.
    pub fn url(&self) -> String {
        self.with_login("")
    }

    /// The proxy's URL with this text before the host, such as `user:password@`.
    pub fn with_login(&self, login: &str) -> String {
        // The certificates are for a name, not for an address.
        format!("{}://{login}localhost:{}", self.scheme, self.address.port())
    }

    /// The requests so far: the heads of HTTP requests, or host, port, user name and password, separated by spaces.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.requests).clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(stream: TcpStream, kind: Kind, requests: Arc<Mutex<Vec<String>>>) {
    let _ = stream.set_nodelay(true);
    // On any error the connection is closed.
    let _ = match kind {
        Kind::Http(response) => http(stream, response, &requests).await,
        Kind::Https(acceptor) => match acceptor.accept(stream).await {
            // `CONNECT` works differently over HTTP/2.
            Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                Err(std::io::ErrorKind::Unsupported.into())
            }
            Ok(stream) => http(stream, "HTTP/1.1 200 OK\r\n\r\n", &requests).await,
            Err(error) => Err(error),
        },
        Kind::Socks { login } => socks(stream, login, &requests).await,
    };
}

async fn http<S>(mut stream: S, response: &str, requests: &Mutex<Vec<String>>) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let port = head.split(' ').nth(1).and_then(|target| target.rsplit_once(':')?.1.parse::<u16>().ok());
    lock(requests).push(head);
    stream.write_all(response.as_bytes()).await?;
    stream.flush().await?;
    // The final head, after those of interim responses.
    let status = response.rsplit("\r\n\r\n").nth(1).and_then(|head| head.split(' ').nth(1)).unwrap_or_default();
    match port {
        Some(port) if status.starts_with('2') => relay(stream, port).await,
        _ => stream.shutdown().await,
    }
}

async fn socks(mut stream: TcpStream, login: bool, requests: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let [version, methods] = read(&mut stream).await?;
    let mut offered = vec![0; methods.into()];
    stream.read_exact(&mut offered).await?;
    let method = if login { 2 } else { 0 };
    assert!(version == 5 && offered.contains(&method), "{offered:?}");
    stream.write_all(&[5, method]).await?;
    let mut credentials = String::new();
    if login {
        let [1] = read(&mut stream).await? else { panic!("another version") };
        credentials = format!(" {} {}", text(&mut stream).await?, text(&mut stream).await?);
        stream.write_all(&[1, 0]).await?;
    }
    let [5, 1, 0, kind] = read(&mut stream).await? else { panic!("another request") };
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read::<4>(&mut stream).await?).to_string(),
        4 => std::net::Ipv6Addr::from(read::<16>(&mut stream).await?).to_string(),
        _ => text(&mut stream).await?,
    };
    let port = stream.read_u16().await?;
    lock(requests).push(format!("{host} {port}{credentials}"));
    // The bound address is a name here. That is allowed but rare.
    stream.write_all(b"\x05\x00\x00\x03\x05proxy\x00\x01").await?;
    relay(stream, port).await
}

async fn read<const N: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads a text with a length prefix.
async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

async fn relay<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, port: u16) -> std::io::Result<()> {
    let mut target = TcpStream::connect(("127.0.0.1", port)).await?;
    copy_bidirectional(&mut stream, &mut target).await.map(drop)
}
