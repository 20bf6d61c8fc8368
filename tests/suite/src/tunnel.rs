//! A proxy that tunnels with HTTP `CONNECT`, with or without TLS, or with SOCKS 5, and keeps what it was requests.
//!
//! Whatever host it is requests for, it connects to the port on this machine: hosts of tests have made-up names, because a client
//! asks no proxy for this machine.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::lock;

/// A proxy on a loopback port. It ends when dropped.
#[derive(Debug)]
pub struct Tunnel {
    scheme: &'static str,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

#[derive(Clone)]
enum Kind {
    /// HTTP, with these bytes in answer to every request.
    Http(&'static str),
    /// HTTP over TLS.
    Https(TlsAcceptor),
    /// SOCKS 5, with a user name and password.
    Socks { login: bool },
}

impl Tunnel {
    /// An HTTP proxy that opens every tunnel.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        Self::responding("HTTP/1.1 200 OK\r\n\r\n").await
    }

    /// An HTTP proxy that answers every request with these bytes. If they are a success, it opens the tunnel, and otherwise
    /// it closes the connection.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn responding(response: &'static str) -> Self {
        Self::of("http", Kind::Http(response)).await
    }

    /// A proxy behind TLS that opens every tunnel.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn over_tls(config: ServerConfig) -> Self {
        Self::of("https", Kind::Https(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// A SOCKS proxy that opens every tunnel. It wants a user name and password, or does not.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn socks(login: bool) -> Self {
        Self::of("socks5", Kind::Socks { login }).await
    }

    async fn of(scheme: &'static str, kind: Kind) -> Self {
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

    /// Its URL.
    pub fn url(&self) -> String {
        self.with_login("")
    }

    /// Its URL with this in front of the host, such as `user:password@`.
    pub fn with_login(&self, login: &str) -> String {
        // A name, because certificates are for one.
        format!("{}://{login}localhost:{}", self.scheme, self.address.port())
    }

    /// What it was requests for so far: the heads of HTTP requests, or host, port, user name and password with blanks between them.
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
    // Whatever goes wrong, the client finds the connection closed.
    let _ = match kind {
        Kind::Http(response) => http(stream, response, &requests).await,
        Kind::Https(acceptor) => match acceptor.accept(stream).await {
            // It would speak HTTP/2 then, where `CONNECT` is another thing.
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
    // The head behind those of interim answers.
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
    // The address that is connected from is a name here, which is allowed, and seldom.
    stream.write_all(b"\x05\x00\x00\x03\x05proxy\x00\x01").await?;
    relay(stream, port).await
}

async fn read<const N: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A text with its length in front.
async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

async fn relay<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, port: u16) -> std::io::Result<()> {
    let mut target = TcpStream::connect(("127.0.0.1", port)).await?;
    copy_bidirectional(&mut stream, &mut target).await.map(drop)
}
