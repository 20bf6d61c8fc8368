//! Servers on a thread of their own, called without tokio.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use convex_mgmt_fake::{Fake, FakeControlPlane, Fault, TokenClass};
use serde_json::Value;

const KEY: &str = "happy-animal-123|01ab";

fn fake() -> Fake {
    Fake::builder("happy-animal-123").admin_key(KEY).build()
}

/// Sends a request with blocking calls, and returns the status line and the body of the response.
fn exchange(address: SocketAddr, head: &str, body: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(stream, "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}

fn info(address: SocketAddr) -> std::io::Result<(String, String)> {
    exchange(address, &format!("GET /api/v1/deployment_info HTTP/1.1\r\nauthorization: Convex {KEY}"), "")
}

#[test]
fn responds_to_blocking_calls_until_it_is_dropped() {
    let fake = fake();
    let server = fake.serve_in_background("127.0.0.1:0").unwrap();
    let address = server.address();
    assert_eq!(server.url(), format!("http://{address}"));
    assert_eq!(info(address).unwrap().0, "HTTP/1.1 200 OK");
    assert_eq!((server.connections(), fake.requests().len()), (1, 1));

    // A connection that waits for its next request ends with the server.
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /version HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).unwrap(), 0);
    drop(server);
    assert!(matches!(idle.read(&mut [0; 1024]), Ok(0) | Err(_)));
    assert_eq!(info(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn injects_faults_that_take_time_and_that_reset_connections() {
    let fake = fake();
    let server = fake.serve_in_background("127.0.0.1:0").unwrap();
    fake.fault(Fault::delay(std::time::Duration::from_millis(1)));
    assert_eq!(info(server.address()).unwrap().0, "HTTP/1.1 200 OK");
    fake.fault(Fault::Reset);
    assert_eq!(info(server.address()).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn deployments_of_a_control_plane_have_ports_of_their_own() {
    let plane = FakeControlPlane::builder("acme").token(TokenClass::Team, "secret").build();
    let project = plane.add_project("Shop");
    let server = plane.serve_in_background("127.0.0.1:0").unwrap();
    let create = format!(
        "POST /v1/projects/{project}/create_deployment HTTP/1.1\r\nauthorization: Bearer secret\r\n\
         content-type: application/json"
    );
    let (status, body) = exchange(server.address(), &create, r#"{"type":"dev"}"#).unwrap();
    assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
    let created: Value = serde_json::from_str(&body).unwrap();
    let url = created["deploymentUrl"].as_str().unwrap();
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    assert_ne!(address, server.address());
    let (status, version) = exchange(address, "GET /version HTTP/1.1", "").unwrap();
    assert_eq!((status.as_str(), version.as_str()), ("HTTP/1.1 200 OK", "fake"));
    drop(server);
    assert_eq!(exchange(address, "GET /version HTTP/1.1", "").unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn starts_and_stops_within_another_runtime() {
    let server = fake().serve_in_background("127.0.0.1:0").unwrap();
    let address = server.address();
    drop(server);
    // The address is free again.
    let again = fake().serve_in_background(&address.to_string()).unwrap();
    assert_eq!(again.address(), address);
    assert_eq!(fake().serve_in_background(&address.to_string()).unwrap_err().kind(), ErrorKind::AddrInUse);
}
