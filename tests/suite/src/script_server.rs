//! A server that plays a script to each of its connections, step by step, and counts what it sees.

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

/// What the server does next on a connection. After the last act it closes the connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Reads one whole request, and counts it. If the client leaves instead, the script of the connection is over.
    Read,
    /// Reads at least this many bytes of a request, and no more than one buffer further.
    Part(usize),
    /// Writes these bytes at once.
    Write(Vec<u8>),
    /// Writes these bytes, each by itself.
    Bytewise(Vec<u8>),
    /// Writes these bytes again and again until the client leaves.
    Flood(Vec<u8>),
    /// Writes this byte again and again, each time after this while, until the client leaves.
    Drip(u8, Duration),
    /// Says that it will write no more, and goes on reading.
    Finish,
    /// Makes the end of the connection a reset.
    Reset,
    /// Waits until the client leaves.
    Hang,
    /// Waits until the gate lets one pass.
    Wait(Gate),
    /// Lets one pass the gate.
    Open(Gate),
}

/// Writes these bytes at once.
pub fn write(bytes: impl AsRef<[u8]>) -> Act {
    Act::Write(bytes.as_ref().to_vec())
}

/// Reads a request and answers with these bytes.
pub fn raw(bytes: impl AsRef<[u8]>) -> Vec<Act> {
    vec![Act::Read, write(bytes)]
}

/// Reads a request and answers with this status line and these headers, separated by line ends, and this body.
pub fn respond(head: &str, body: &str) -> Vec<Act> {
    raw(format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// A gate that is shut, and that each [`Gate::open`] lets one pass.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A gate that lets nobody pass.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets one pass, now or later.
    pub fn open(&self) {
        self.0.add_permits(1);
    }

    /// Waits to be let pass.
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

/// What a server has seen so far.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    closed: AtomicUsize,
    max_open: AtomicUsize,
    requests: Mutex<Vec<Vec<u8>>>,
    written: AtomicU64,
}

/// A server on a port of its own. It ends when dropped.
#[derive(Debug)]
pub struct ScriptServer {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

impl ScriptServer {
    /// Plays these acts, one list a connection in the order they come. Any further connection is counted and closed.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(connections: impl IntoIterator<Item = Vec<Act>>) -> Self {
        ClosedPort::new().open(connections)
    }

    fn on(listener: TcpListener, address: SocketAddr, connections: Vec<Vec<Act>>) -> Self {
        let seen = Arc::new(Seen::default());
        let counts = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            let mut connections = connections.into_iter();
            // Ends the connections together with this task.
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many connections have ended.
    pub fn closed(&self) -> usize {
        self.seen.closed.load(Ordering::SeqCst)
    }

    /// How many connections were open at once, at most.
    pub fn max_open(&self) -> usize {
        self.seen.max_open.load(Ordering::SeqCst)
    }

    /// The whole requests that were read, to the byte.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        lock(&self.seen.requests).clone()
    }

    /// How many bytes were written by acts that go on until the client leaves.
    pub fn bytes_flooded(&self) -> u64 {
        self.seen.written.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A port at which connections are refused, and which nobody else can take.
#[derive(Debug)]
pub struct ClosedPort {
    socket: Socket,
    address: SocketAddr,
}

impl ClosedPort {
    /// Takes a port.
    ///
    /// # Panics
    /// If none is free.
    pub fn new() -> Self {
        Self::at(([127, 0, 0, 1], 0).into())
    }

    /// Takes the port of this address.
    ///
    /// # Panics
    /// If it is not free.
    pub fn at(address: SocketAddr) -> Self {
        let bound = || -> io::Result<Self> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            // Little fits into the sockets, so that a request that is not read cannot leave.
            socket.set_recv_buffer_size(16 * 1024)?;
            socket.bind(&address.into())?;
            let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
            Ok(Self { socket, address })
        };
        bound().expect("a free port")
    }

    /// The URL of it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Begins to accept connections, and to play these acts to them.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn open(self, connections: impl IntoIterator<Item = Vec<Act>>) -> ScriptServer {
        let listening = || -> io::Result<TcpListener> {
            self.socket.listen(1024)?;
            self.socket.set_nonblocking(true)?;
            TcpListener::from_std(self.socket.into())
        };
        let listener = listening().expect("a port that listens");
        ScriptServer::on(listener, self.address, connections.into_iter().collect())
    }

    /// Begins to listen with room for one connection that nobody accepts, takes it, and so swallows all others.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn blackhole(self) -> Blackhole {
        let full = || -> io::Result<Vec<Socket>> {
            self.socket.listen(0)?;
            let mut taken = vec![self.socket];
            // How many fit is the system's choice. One that does not is still being opened after this while.
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

/// A port at which opening a connection never ends.
#[derive(Debug)]
pub struct Blackhole {
    /// The URL of it.
    pub url: String,
    _sockets: Vec<Socket>,
}

async fn play(mut stream: TcpStream, acts: Vec<Act>, seen: &Seen) {
    // Each write leaves by itself.
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

/// Reads what there is. `false` if the client has left.
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

/// Takes one whole request off the connection.
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

/// How long the request is that begins here, once it is whole.
pub fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.lines().next());
    let length = head + length.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    (bytes.len() >= length).then_some(length)
}
