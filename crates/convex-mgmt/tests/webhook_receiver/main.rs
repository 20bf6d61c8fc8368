//! The example `webhook_receiver` as a program: real deliveries of the fake, rotations, restarts, and deliveries that it rejects.

mod deliveries;
#[path = "../example/mod.rs"]
mod example;
mod rejected;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use convex_mgmt_fake::webhook_signature;
use serde_json::Value;

/// A secret that is long enough to be noticed in an output.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A new folder for the files of a test, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("webhook_receiver-{}-{test}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    fn state(&self) -> PathBuf {
        self.0.join("state.json")
    }

    /// Replaces the secrets, the newest first.
    fn write_secrets(&self, secrets: &[&str]) {
        std::fs::write(self.secrets(), secrets.join("\n") + "\n").unwrap();
    }

    /// Returns the sums in the state file, by the program.
    fn usage(&self) -> Value {
        let output = run(&["--state", self.state().to_str().unwrap(), "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(example::path("webhook_receiver")).args(arguments).output().unwrap()
}

/// A receiver that listens. Dropping it kills it, without a chance to store anything.
struct Receiver {
    child: Child,
    log: BufReader<ChildStderr>,
    url: String,
    address: String,
}

impl Receiver {
    /// Starts a receiver on a free port.
    fn start(folder: &Folder) -> Self {
        Self::start_at(folder, "127.0.0.1:0")
    }

    fn start_at(folder: &Folder, address: &str) -> Self {
        let mut command = Command::new(example::path("webhook_receiver"));
        command.args(["--listen", address, "--secret-file"]).arg(folder.secrets()).arg("--state").arg(folder.state());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        let address = url.trim_start_matches("http://").trim_end_matches("/convex").to_owned();
        Self { child, log, url, address }
    }

    /// Returns the next line of the log. It never contains a secret.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap();
        assert!(!line.contains(SECRET), "{line}");
        line.trim_end().to_owned()
    }

    /// Sends a request with these header lines, and returns the status. `None` if the receiver closed the connection.
    fn post(&self, headers: &[String], body: &[u8]) -> Option<u16> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut request =
            b"POST /convex HTTP/1.1\r\nhost: receiver\r\nconnection: close\r\ntransfer-encoding: chunked\r\n".to_vec();
        headers.iter().for_each(|line| request.extend_from_slice(format!("{line}\r\n").as_bytes()));
        request.extend_from_slice(b"\r\n");
        let mut sent = stream.write_all(&request);
        for chunk in body.chunks(1 << 16) {
            let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
            sent = sent.and_then(|()| stream.write_all(&framed));
        }
        drop(sent.and_then(|()| stream.write_all(b"0\r\n\r\n")));
        let mut response = Vec::new();
        drop(stream.read_to_end(&mut response));
        let status = String::from_utf8_lossy(&response);
        status.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
    }

    /// Sends a body as the server does, signed with a secret.
    fn deliver(&self, secret: &str, body: &str) -> Option<u16> {
        self.post(&[signed(secret, body)], body.as_bytes())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The header line with the signature of a body.
fn signed(secret: &str, body: &str) -> String {
    format!("x-webhook-signature: {}", webhook_signature(secret, body.as_bytes()))
}

/// The sum of a counter over all functions.
fn sum(usage: &Value, counter: &str) -> u64 {
    usage["functions"].as_array().unwrap().iter().filter_map(|row| row[counter].as_u64()).sum()
}

#[test]
fn without_arguments_it_receives_the_traffic_of_an_embedded_deployment() {
    let output = run(&["--json"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    let usage: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((sum(&usage, "calls"), sum(&usage, "failures")), (600, 12), "{log}");
    assert_eq!(usage["deployments"][0]["log_stream_egress_bytes"], 600 * 600);
    // Running delivery keeps the old secret, which is the second one then, until the update.
    let secrets: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("200: ")?.rsplit(' ').next()).collect();
    let first_old = secrets.iter().position(|secret| *secret == "1").unwrap_or_else(|| panic!("{log}"));
    let last_old = secrets.iter().rposition(|secret| *secret == "1").unwrap();
    assert!(first_old >= 2 && last_old + 2 < secrets.len(), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("401")), "{log}");

    let table = String::from_utf8(run(&[]).stdout).unwrap();
    let row = table.lines().find(|line| line.contains(" total ")).unwrap_or_else(|| panic!("{table}"));
    assert_eq!(row.split_whitespace().take(4).collect::<Vec<_>>(), ["happy-animal-123", "total", "600", "12"]);
}

#[test]
fn wrong_arguments_are_an_error_with_the_usage() {
    for arguments in [
        &["--listen", "127.0.0.1:0"][..],
        &["--listen", "nowhere", "--state", "s"],
        &["--secret-file", "f"],
        &["state"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage: webhook_receiver"));
    }
    let output = run(&["--state", "/nowhere/state.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/state.json: "));
}
