//! What servers do to connections, byte by byte: a scripted socket on the other side, and what the caller gets to know.

use std::time::Duration;

use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Client, DecodeErrorKind, DeploymentClient, Error, ErrorKind, ResponseError, RetryPolicy, Sent};
use convex_mgmt_suite::endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The client's limit of a body in these tests.
const LIMIT: usize = 1000;
const LISTED: &str = r#"{"environmentVariables":{}}"#;

/// What the server does next on a connection.
#[derive(Clone)]
enum Act {
    /// Reads one whole request.
    Read,
    /// Reads the beginning of a request.
    Begin,
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Closes the connection with a reset.
    Reset,
    /// Keeps the connection open and does nothing.
    Hang,
}

fn write(bytes: impl AsRef<[u8]>) -> Act {
    Act::Write(bytes.as_ref().to_vec())
}

fn answer(head: &str, body: &str) -> Vec<Act> {
    vec![Act::Read, write(format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))]
}

fn ok() -> Vec<Act> {
    answer("200 OK\r\ncontent-type: application/json", LISTED)
}

/// Accepts one connection after the other, each with its acts; closes it after the last one. Gives the number of requests
/// that were read once the script is over.
async fn server(connections: Vec<Vec<Act>>) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let script = tokio::spawn(async move {
        let mut requests = 0;
        for acts in connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            for act in acts {
                match act {
                    Act::Read => requests += usize::from(read_request(&mut stream).await),
                    Act::Begin => drop(stream.read(&mut [0; 64]).await),
                    Act::Write(bytes) => drop(stream.write_all(&bytes).await),
                    Act::Reset => socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
                    // Ends when the client gives up.
                    Act::Hang => while stream.read(&mut [0; 256]).await.is_ok_and(|read| read > 0) {},
                }
            }
        }
        requests
    });
    (url, script)
}

async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return true;
            }
        }
    }
}

fn client(url: &str, attempts: u32) -> DeploymentClient {
    let policy = RetryPolicy::default().max_attempts(attempts).base_delay(Duration::from_millis(1));
    Client::builder(endpoint(url)).retry(policy).response_limit(LIMIT).build().unwrap()
}

async fn list_once(acts: Vec<Act>) -> Result<(), Error> {
    let (url, _script) = server(vec![acts]).await;
    let list = ListEnvironmentVariables::new();
    let client = client(&url, 1);
    tokio::time::timeout(Duration::from_secs(20), client.send(&list)).await.expect("an end").map(drop)
}

fn joined(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    acts.into_iter().collect()
}

fn raw(text: impl AsRef<[u8]>) -> Vec<Act> {
    joined([Act::Read, write(text)])
}

#[tokio::test]
async fn a_connection_that_breaks_is_named_as_such() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    for (case, acts) in [
        ("reset at once", joined([Act::Reset])),
        ("closed before it read", joined([])),
        ("reset after the request", joined([Act::Read, Act::Reset])),
        ("closed after the request", joined([Act::Read])),
        ("closed inside the head", raw("HTTP/1.1 200 OK\r\ncontent-ty")),
        ("not http", raw("SSH-2.0-OpenSSH\r\n\r\n")),
        ("http 0.9", raw("<html>hello</html>")),
        ("bad header bytes", raw("HTTP/1.1 200 OK\r\nbad header\r\n\r\n")),
        ("contradicting lengths", raw(format!("{head}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd"))),
        ("too many headers", raw(format!("{head}{}\r\n", "x: y\r\n".repeat(10_000)))),
        ("body shorter than promised", raw(format!("{head}content-length: 90\r\n\r\n{LISTED}"))),
        ("body reset half-way", joined([Act::Read, write(format!("{head}content-length: 90\r\n\r\n{{")), Act::Reset])),
        ("chunk cut", raw(format!("{head}transfer-encoding: chunked\r\n\r\n1b\r\n{{\"env"))),
        ("last chunk missing", raw(format!("{head}transfer-encoding: chunked\r\n\r\n1b\r\n{LISTED}\r\n"))),
        ("bad chunk size", raw(format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{LISTED}\r\n"))),
    ] {
        let error = list_once(acts).await.expect_err(case);
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Broken, Sent::Maybe, 1), "{case}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url, 3).send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 3));
    let error = client("http://no-such-host.localhost:1", 1).send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_in_which_way() {
    let json = "200 OK\r\ncontent-type: application/json";
    for (case, acts, kind) in [
        ("a web page", answer("200 OK\r\ncontent-type: text/html", "<html>"), DecodeErrorKind::Html),
        ("a web page in disguise", answer("200 OK", "<html>"), DecodeErrorKind::Html),
        ("empty", answer(json, ""), DecodeErrorKind::Empty),
        ("no content", answer("204 No Content", ""), DecodeErrorKind::Empty),
        ("truncated json", answer(json, r#"{"environmentVariables":{"A":"#), DecodeErrorKind::Truncated),
        ("no json", answer(json, "hello"), DecodeErrorKind::Syntax),
        ("a byte order mark", answer(json, "\u{feff}{}"), DecodeErrorKind::Syntax),
        ("two values", answer(json, &LISTED.repeat(2)), DecodeErrorKind::Syntax),
        ("missing field", answer(json, "{}"), DecodeErrorKind::Shape),
        ("null", answer(json, r#"{"environmentVariables":null}"#), DecodeErrorKind::Shape),
        ("a number for a text", answer(json, r#"{"environmentVariables":{"A":1}}"#), DecodeErrorKind::Shape),
        ("a list", answer(json, "[1]"), DecodeErrorKind::Shape),
        (
            "a field twice",
            answer(json, r#"{"environmentVariables":{},"environmentVariables":{}}"#),
            DecodeErrorKind::Shape,
        ),
        ("another charset", answer(&format!("{json}; charset=iso-8859-1"), LISTED), DecodeErrorKind::Charset),
        (
            "not utf-8",
            raw([b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n".as_slice(), b"\"\xff\""].concat()),
            DecodeErrorKind::Charset,
        ),
        (
            "gzip that was not asked for",
            raw([
                b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n".as_slice(),
                b"\x1f\x8b\x08\0",
            ]
            .concat()),
            DecodeErrorKind::Charset,
        ),
    ] {
        let error = list_once(acts).await.expect_err(case);
        let Some(ResponseError::Decode(reply)) = error.response_error() else { panic!("{case}: {error:?}") };
        assert_eq!((error.kind(), reply.error.kind), (ErrorKind::Decode, kind), "{case}");
        assert!(error.body().is_some(), "{case}: the body stays reachable");
    }
}

#[tokio::test]
async fn answers_of_others_than_the_server_are_told_apart() {
    for (case, acts, kind, told) in [
        ("a redirect", answer("302 Found\r\nlocation: http://evil.example/x", ""), ErrorKind::Redirect, "evil.example"),
        (
            "a proxy's page",
            answer("502 Bad Gateway\r\ncontent-type: text/html", "<h1>"),
            ErrorKind::UnexpectedReply,
            "a web page",
        ),
        ("an empty 404", answer("404 Not Found", ""), ErrorKind::UnexpectedReply, "check that the URL"),
        ("other json", answer("400 Bad Request", r#"{"error":"x"}"#), ErrorKind::UnexpectedReply, "not the API's"),
        (
            "an error",
            answer("409 Conflict", r#"{"code":"SomeNewCode","message":"m"}"#),
            ErrorKind::Api,
            "409 SomeNewCode",
        ),
    ] {
        let error = list_once(acts).await.expect_err(case);
        assert_eq!(error.kind(), kind, "{case}");
        assert!(error.to_string().contains(told), "{case}: {error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_sees_nothing() {
    let (target, seen) = server(vec![ok()]).await;
    let (url, _script) = server(vec![answer(&format!("307 Temporary Redirect\r\nlocation: {target}/x"), "")]).await;
    let error = client(&url, 3).send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Redirect, 1));
    assert!(!seen.is_finished(), "nobody connected to the target");
}

#[tokio::test]
async fn a_body_goes_up_to_the_limit_and_no_further() {
    let of = |length: usize| {
        let filler = "x".repeat(length - r#"{"environmentVariables":{},"f":""}"#.len());
        format!(r#"{{"environmentVariables":{{}},"f":"{filler}"}}"#)
    };
    let chunked = |body: &str| {
        let (left, right) = body.split_at(body.len() / 2);
        let chunks = format!("{:x}\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n", left.len(), right.len());
        raw(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"))
    };
    list_once(answer("200 OK", &of(LIMIT))).await.unwrap();
    list_once(chunked(&of(LIMIT))).await.unwrap();
    // The declared one is refused before the body is read, which never comes.
    let declared = joined([Act::Read, write("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n"), Act::Hang]);
    let endless = joined([Act::Read, write("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"), Act::Hang]);
    for acts in [declared, endless, chunked(&of(LIMIT + 1)), answer("500 Oh", &"x".repeat(LIMIT + 1))] {
        let error = list_once(acts).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::ResponseTooLarge, 1));
        assert!(error.to_string().contains("1000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn unusual_answers_that_are_right_are_taken() {
    let informed = joined([Act::Read, write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")])
        .into_iter()
        .chain(ok().into_iter().skip(1));
    list_once(informed.collect()).await.unwrap();
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{LISTED}", LISTED.len());
    let byte_by_byte = std::iter::once(Act::Read).chain(text.bytes().map(|byte| write([byte])));
    list_once(byte_by_byte.collect()).await.unwrap();
    let until_closed = raw(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{LISTED}"));
    list_once(until_closed).await.unwrap();
}

#[tokio::test]
async fn a_body_that_breaks_half_way_is_an_attempt_that_failed() {
    let broken = raw("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"environment");
    let (url, script) = server(vec![broken, ok()]).await;
    client(&url, 2).send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(script.await.unwrap(), 2);
}

#[tokio::test]
async fn a_connection_is_used_again_until_the_server_closes_it() {
    let twice: Vec<Act> = ok().into_iter().chain(ok()).collect();
    // The second connection is needed because the server has closed the first one, idle.
    let (url, script) = server(vec![twice, ok()]).await;
    let client = client(&url, 1);
    for _ in 0..3 {
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert_eq!(script.await.unwrap(), 3);
}

#[tokio::test]
async fn an_answer_longer_than_promised_does_not_spoil_the_next_one() {
    let long =
        raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{LISTED}HTTP/1.1 500 Evil\r\n\r\n", LISTED.len()));
    let (url, _script) = server(vec![long, ok()]).await;
    let client = client(&url, 2);
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_closes_each_time_is_served_by_new_connections() {
    let closing = || answer("200 OK\r\nconnection: close", LISTED);
    let (url, script) = server(vec![closing(), closing(), closing()]).await;
    let client = client(&url, 1);
    for _ in 0..3 {
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert_eq!(script.await.unwrap(), 3);
}

#[tokio::test]
async fn a_server_that_refuses_before_it_has_read_everything_is_heard() {
    let refusal = r#"{"code":"BadJsonBody","message":""}"#;
    let early = write(format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\n\r\n{refusal}", refusal.len()));
    let (url, _script) = server(vec![joined([Act::Begin, early, Act::Hang])]).await;
    let update = (0..60).fold(UpdateEnvironmentVariables::new(), |all, n| all.set(format!("N{n}"), "v".repeat(8000)));
    let error = client(&url, 1).send(&update).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api, "{error:?}");
}

#[tokio::test]
async fn many_calls_at_once_all_end() {
    let fake = convex_mgmt_suite::fake().build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client = convex_mgmt_suite::client_of(&running).max_concurrency(8).build().unwrap();
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&ListEnvironmentVariables::new()).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(fake.requests().len(), 1000);
}
