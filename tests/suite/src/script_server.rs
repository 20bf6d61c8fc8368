//! A server that plays a script on each connection, and records what it receives.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::lock;

/// One step of a script. The server closes the connection after the last step.
#[derive(Clone, Debug)]
pub enum Act {
    /// Reads one complete request, and counts it. If the client closes the connection first, the script ends.
    Read,
    /// Reads at least this many bytes of a request, and at most one buffer more.
    Part(usize),
    /// Writes these bytes at once.
    Write(Vec<u8>),
    /// Writes these bytes one at a time.
    Bytewise(Vec<u8>),
    /// Writes these bytes repeatedly until the client closes the connection.
    Flood(Vec<u8>),
    /// Writes this byte repeatedly, with this delay after each, until the client closes the connection.
    Drip(u8, Duration),
    /// Shuts down the write side, and continues to read.
    Finish,
    /// Makes the close of the connection a reset.
    Reset,
    /// Waits until the client closes the connection.
    Hang,
    /// Waits for the gate.
    Wait(Gate),
    /// Opens the gate for one waiter.
    Open(Gate),
}

/// Writes these bytes at once.
pub fn write(bytes: impl AsRef<[u8]>) -> Act {
    Act::Write(bytes.as_ref().to_vec())
}

/// Reads a request and responds with these bytes.
pub fn raw(bytes: impl AsRef<[u8]>) -> Vec<Act> {
    vec![Act::Read, write(bytes)]
}

/// Reads a request and responds with this head and body. The head is a status line with headers, separated by CRLF.
pub fn respond(head: &str, body: &str) -> Vec<Act> {
    raw(format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// A gate that lets one waiter pass for each [`Gate::open`].
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// Creates a closed gate.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets one waiter pass, now or later.
    pub fn open(&self) {
        self.0.add_permits(1);
    }

    /// Waits for one [`Gate::open`].
    pub async fn wait(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// Counters and requests of a server.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    closed: AtomicUsize,
    max_open: AtomicUsize,
    requests: Mutex<Vec<Vec<u8>>>,
    written: AtomicU64,
}

/// A server on a loopback port. It stops when dropped.
#[derive(Debug)]
pub struct ScriptServer {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

impl ScriptServer {
    /// Plays these scripts, one per connection in the order of the connections. Further connections are counted and closed.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(connections: impl IntoIterator<Item = Vec<Act>>) -> Self {
        ClosedPort::any().open(connections)
    }

    fn on(listener: TcpListener, address: SocketAddr, connections: Vec<Vec<Act>>) -> Self {
        let seen = Arc::new(Seen::default());
        let counts = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            let mut connections = connections.into_iter();
            // The connections end together with this task.
            let mut playing = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let opened = counts.connections.fetch_add(1, Ordering::SeqCst) + 1;
                counts.max_open.fetch_max(opened - counts.closed.load(Ordering::SeqCst), Ordering::SeqCst);
                let (acts, counts) = (connections.next().unwrap_or_default(), Arc::clone(&counts));
                playing.spawn(async move {
                    play(stream, acts, &counts).await;
                    counts.closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, seen, accepting }
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The number of connections that have ended.
    pub fn closed(&self) -> usize {
        self.seen.closed.load(Ordering::SeqCst)
    }

    /// The maximum number of connections that were open at once.
    pub fn max_open(&self) -> usize {
        self.seen.max_open.load(Ordering::SeqCst)
    }

    /// The complete requests, as bytes.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        lock(&self.seen.requests).clone()
    }

    /// The number of bytes written by [`Act::Flood`].
    pub fn bytes_flooded(&self) -> u64 {
        self.seen.written.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A port that refuses connections, and that no other program can take.
#[derive(Debug)]
pub struct ClosedPort {
    socket: Socket,
    address: SocketAddr,
}

impl ClosedPort {
    /// Takes any free port.
    ///
    /// # Panics
    /// If no port is free.
    pub fn any() -> Self {
        Self::at(([127, 0, 0, 1], 0).into())
    }

    /// Takes the port of this address.
    ///
    /// # Panics
    /// If it is in use.
    pub fn at(address: SocketAddr) -> Self {
        let bound = || -> io::Result<Self> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            // Small buffers, so that a large request does not fit into the sockets while the server does not read.
            socket.set_recv_buffer_size(16 * 1024)?;
            socket.bind(&address.into())?;
            let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
            Ok(Self { socket, address })
        };
        bound().expect("a free port")
    }

    /// The URL of the port.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts to accept connections, and plays these scripts on them.
    ///
    /// # Panics
    /// If the system does not let it listen.
    pub fn open(self, connections: impl IntoIterator<Item = Vec<Act>>) -> ScriptServer {
        let listening = || -> io::Result<TcpListener> {
            self.socket.listen(1024)?;
            self.socket.set_nonblocking(true)?;
            TcpListener::from_std(self.socket.into())
        };
        let listener = listening().expect("a port that listens");
        ScriptServer::on(listener, self.address, connections.into_iter().collect())
    }

    /// Fills the accept queue without accepting, so that further connection attempts hang.
    ///
    /// # Panics
    /// If the system does not let it listen.
    pub fn blackhole(self) -> Blackhole {
        let full = || -> io::Result<Vec<Socket>> {
            self.socket.listen(0)?;
            let mut taken = vec![self.socket];
            // The length of the queue is the system's choice. A connection attempt that hangs for this long does not fit.
            loop {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
                let connected = socket.connect_timeout(&self.address.into(), Duration::from_millis(50));
                taken.push(socket);
                if connected.is_err() {
                    return Ok(taken);
                }
            }
        };
        Blackhole { url: format!("http://{}", self.address), _sockets: full().expect("a port that listens") }
    }
}

/// A port where connection attempts hang.
#[derive(Debug)]
pub struct Blackhole {
    /// The URL of the port.
    pub url: String,
    _sockets: Vec<Socket>,
}

async fn play(mut stream: TcpStream, acts: Vec<Act>, seen: &Seen) {
    // Each write is sent at once, and not combined with the next one.
    drop(stream.set_nodelay(true));
    let mut ahead = Vec::new();
    for act in acts {
        match act {
            Act::Read => match read_request(&mut stream, &mut ahead).await {
                Some(request) => lock(&seen.requests).push(request),
                None => return,
            },
            Act::Part(length) => while ahead.len() < length && more(&mut stream, &mut ahead).await {},
            Act::Write(bytes) => drop(stream.write_all(&bytes).await),
            Act::Bytewise(bytes) => {
                for byte in bytes {
                    drop(stream.write_all(&[byte]).await);
                    tokio::task::yield_now().await;
                }
            }
            Act::Flood(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {
                    seen.written.fetch_add(bytes.len() as u64, Ordering::SeqCst);
                }
            }
            Act::Drip(byte, while_) => {
                while stream.write_all(&[byte]).await.is_ok() {
                    tokio::time::sleep(while_).await;
                }
            }
            Act::Finish => drop(stream.shutdown().await),
            Act::Reset => drop(SockRef::from(&stream).set_linger(Some(Duration::ZERO))),
            Act::Hang => while more(&mut stream, &mut Vec::new()).await {},
            Act::Wait(gate) => gate.wait().await,
            Act::Open(gate) => gate.open(),
        }
    }
}

/// Reads the available bytes. Returns `false` if the client has closed the connection.
async fn more(stream: &mut TcpStream, ahead: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer).await {
        Ok(0) | Err(_) => false,
        Ok(read) => {
            ahead.extend_from_slice(&buffer[..read]);
            true
        }
    }
}

/// Reads one complete request.
async fn read_request(stream: &mut TcpStream, ahead: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = whole_request(ahead) {
            let rest = ahead.split_off(length);
            return Some(std::mem::replace(ahead, rest));
        }
        if !more(stream, ahead).await {
            return None;
        }
    }
}

/// Returns the length of the first request, or `None` if it is not complete.
pub fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.lines().next());
    let length = head + length.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    (bytes.len() >= length).then_some(length)
}
