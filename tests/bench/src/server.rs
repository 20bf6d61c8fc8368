//! A server that answers every request with the same bytes. It runs in a process of its own, so that its work is not counted.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// Answers each request on a loopback port with `body`, forever. Prints the URL.
///
/// # Errors
/// The error of the operating system.
#[allow(clippy::print_stdout, reason = "the parent process reads the URL")]
pub fn serve(body: &str) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    let response = response(body);
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            let response = &response;
            scope.spawn(move || answer(stream?, response));
        }
    });
    Ok(())
}

/// The headers of the real server.
fn response(body: &str) -> Vec<u8> {
    let content_type = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    format!(
        "HTTP/1.1 200 OK\r\n{content_type}vary: origin, access-control-request-method, access-control-request-headers\r\n\
         access-control-allow-credentials: true\r\ncontent-length: {}\r\ndate: Mon, 02 Nov 2026 09:00:00 GMT\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Answers the requests of one connection.
fn answer(stream: TcpStream, response: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        writer.write_all(response)?;
    }
}

/// A server that runs in a child process, and ends with this value.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// The origin of the server.
    pub url: String,
}

impl Served {
    /// Starts this program again with the argument `serve` and the name of a workload.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn start(workload: &str) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(["serve", workload]).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the server has no output"))?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self { child, url: url.trim().to_owned() })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
