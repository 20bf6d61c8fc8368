//! Bodies of responses: truncated, malformed, slow, or followed by other bytes.

use convex_mgmt::Idempotency;
use convex_mgmt::deployment::UpdateEnvironmentVariables;
use convex_mgmt_suite::script_server::{Act, ScriptServer, raw, respond, write};

use crate::{CLASSES, Case, SHORT, SUCCESS, bounded, check, client, joined, list, send, settle, success};

const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

fn chunked(body: impl AsRef<str>) -> Vec<Act> {
    raw(format!("{JSON}transfer-encoding: chunked\r\n\r\n{}", body.as_ref()))
}

/// Cases 16 and 17.
#[tokio::test]
async fn reports_truncated_and_malformed_bodies() {
    let (length, more) = (SUCCESS.len(), SUCCESS.len() + 1);
    check([
        Case::broken("no body", 1, raw(format!("{JSON}content-length: {length}\r\n\r\n"))),
        Case::broken("a body without its last byte", 1, raw(format!("{JSON}content-length: {more}\r\n\r\n{SUCCESS}"))),
        Case::broken(
            "reset inside the body",
            1,
            [Act::Read, write(format!("{JSON}content-length: 90\r\n\r\n{{")), Act::Reset],
        ),
        Case::broken("no chunk", 1, chunked("")),
        Case::broken("a chunk cut", 1, chunked(format!("{length:x}\r\n{}", &SUCCESS[..length - 1]))),
        Case::broken("the last chunk missing", 1, chunked(format!("{length:x}\r\n{SUCCESS}\r\n"))),
        Case::broken("the last chunk cut", 1, chunked(format!("{length:x}\r\n{SUCCESS}\r\n0\r\n"))),
        Case::invalid("a bad size of a chunk", chunked(format!("zz\r\n{SUCCESS}\r\n0\r\n\r\n"))),
        Case::invalid("a negative size of a chunk", chunked(format!("-1\r\n{SUCCESS}\r\n0\r\n\r\n"))),
        Case::invalid("a size beyond 64 bits", chunked(format!("10000000000000000\r\n{SUCCESS}\r\n0\r\n\r\n"))),
        Case::invalid("a chunk longer than its size", chunked(format!("1\r\n{SUCCESS}\r\n0\r\n\r\n"))),
    ])
    .await;
}

/// Case 15.
#[tokio::test]
async fn the_deadline_ends_a_slow_body() {
    let head = write(format!("{JSON}content-length: 500\r\n\r\n"));
    let chunks = write(format!("{JSON}transfer-encoding: chunked\r\n\r\nfff\r\n"));
    check([
        Case::broken("a drip", 1, [Act::Read, head.clone(), Act::Drip(b' ', SHORT / 20)]).exceeds_deadline(),
        Case::broken("a drip into a chunk", 1, [Act::Read, chunks, Act::Drip(b' ', SHORT / 20)]).exceeds_deadline(),
        Case::broken("stalls", 1, [Act::Read, head, Act::Hang]).times_out(),
    ])
    .await;
}

/// Unusual but valid.
#[tokio::test]
async fn accepts_bodies_in_unusual_framing() {
    let text = format!("{JSON}content-length: {}\r\n\r\n{SUCCESS}", SUCCESS.len());
    let pieces: String = SUCCESS.chars().map(|one| format!("1;x=\"y\"\r\n{one}\r\n")).collect();
    let pieces = format!("{JSON}transfer-encoding: chunked\r\n\r\n{pieces}0\r\ntrailer: x\r\n\r\n");
    for (name, acts, reused) in [
        ("each byte separately", vec![Act::Read, Act::Bytewise(text.into_bytes())], true),
        ("a chunk for each byte, with extensions and a trailer", raw(pieces), true),
        ("until the end of the connection", raw(format!("{JSON}connection: close\r\n\r\n{SUCCESS}")), false),
        ("HTTP/1.0", raw(format!("HTTP/1.0 200 OK\r\n\r\n{SUCCESS}")), false),
        (
            "HTTP/1.0 with keep-alive",
            raw(format!(
                "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: {}\r\n\r\n{SUCCESS}",
                SUCCESS.len()
            )),
            true,
        ),
    ] {
        for class in CLASSES {
            let first = if reused { joined([acts.clone(), success()]) } else { acts.clone() };
            let server = ScriptServer::start([first, success()]).await;
            let client = client(&server.url(), 1);
            send(&client, class).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            list(&client).await.unwrap();
            let connections = if reused { 1 } else { 2 };
            assert_eq!((server.connections(), server.requests().len()), (connections, 2), "{name}");
        }
    }
}

/// Cases 16 and 19, and two responses to one request. The client does not take bytes after a response for the next one.
#[tokio::test]
async fn discards_a_connection_with_bytes_after_the_response() {
    let stray = "HTTP/1.1 500 Evil\r\ncontent-length: 0\r\n\r\n";
    let complete = format!("{JSON}content-length: {}\r\n\r\n{SUCCESS}", SUCCESS.len());
    let chunks = format!("{JSON}transfer-encoding: chunked\r\n\r\n{:x}\r\n{SUCCESS}\r\n0\r\n\r\n", SUCCESS.len());
    for (name, class, text) in CLASSES.into_iter().flat_map(|class| {
        [
            ("two responses", class, format!("{complete}{stray}")),
            ("longer than declared", class, format!("{complete}trailing")),
            ("one byte too many", class, format!("{complete} ")),
            ("after the last chunk", class, format!("{chunks}{stray}")),
        ]
    }) {
        check_stray_bytes(name, Some(class), text).await;
    }
    for status in ["204 No Content", "205 Reset Content", "304 Not Modified"] {
        // Only an operation without a response body accepts these as a success.
        let length = if status.starts_with("205") { "content-length: 0\r\n" } else { "" };
        check_stray_bytes(status, None, format!("HTTP/1.1 {status}\r\n{length}\r\n{stray}")).await;
    }
}

/// Sends an operation of this class, or one without a response body if `class` is `None`.
async fn check_stray_bytes(name: &str, class: Option<Idempotency>, text: String) {
    // The server keeps the connection open, so only the stray bytes can make the client close it.
    let first = vec![Act::Read, write(text), Act::Hang];
    let server = ScriptServer::start([first, success()]).await;
    let client = client(&server.url(), 1);
    let result = match class {
        Some(class) => send(&client, class).await,
        None => bounded(client.send(&UpdateEnvironmentVariables::new().set("A", "1"))).await,
    };
    assert_eq!(result.is_err(), name.starts_with("304"), "{name}: {result:?}");
    settle().await;
    list(&client).await.unwrap_or_else(|error| panic!("{name}, {class:?}: {error:?}"));
    assert_eq!((server.connections(), server.requests().len()), (2, 2), "{name}, {class:?}");
}

/// Case 16. The second response arrives while the connection is idle.
#[tokio::test]
async fn discards_a_connection_with_an_unsolicited_response() {
    let late = convex_mgmt_suite::script_server::Gate::new();
    let stray = write("HTTP/1.1 500 Evil\r\ncontent-length: 0\r\n\r\n");
    let first = joined([success(), vec![Act::Wait(late.clone()), stray, Act::Open(late.clone()), Act::Hang]]);
    let server = ScriptServer::start([first, respond("200 OK", SUCCESS)]).await;
    let client = client(&server.url(), 1);
    list(&client).await.unwrap();
    late.open();
    while server.closed() == 0 {
        settle().await;
    }
    list(&client).await.unwrap();
    assert_eq!((server.connections(), server.requests().len()), (2, 2));
}
