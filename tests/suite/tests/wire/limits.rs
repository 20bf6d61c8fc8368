//! Limits at their exact value and one above, and the memory that a server without end can use.

use std::time::Duration;

use convex_mgmt::deployment::data_sync::Document;
use convex_mgmt::deployment::{ListAuditLogEvents, ListEnvironmentVariables, ListLogStreams};
use convex_mgmt::hyper::defaults;
use convex_mgmt::proto::KEPT_BODY;
use convex_mgmt::{DecodeErrorKind, DeploymentClient, ErrorKind, RawJson, UnixMillis};
use convex_mgmt_suite::script_server::{Act, Gate, ScriptServer, raw, respond, write};

use crate::{Case, LIMIT, SHORT, SUCCESS, bounded, builder, check, client, joined, list, settle, success};

/// A success body of this length.
fn success_of_length(length: usize) -> String {
    let filler = "x".repeat(length - SUCCESS.len() - r#","f":"""#.len());
    SUCCESS.replacen('{', &format!(r#"{{"f":"{filler}","#), 1)
}

fn chunked(body: &str) -> Vec<Act> {
    let (left, right) = body.split_at(body.len() / 2);
    let chunks = format!("{:x}\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n", left.len(), right.len());
    raw(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"))
}

/// Case 18.
#[tokio::test]
async fn accepts_a_body_up_to_the_limit() {
    let server = ScriptServer::start([joined([
        respond("200 OK", &success_of_length(LIMIT)),
        chunked(&success_of_length(LIMIT)),
    ])])
    .await;
    let client_of_both = client(&server.url(), 1);
    for _ in 0..2 {
        list(&client_of_both).await.unwrap();
    }
    // The client rejects the declared length before the body, which the server never sends.
    let declared =
        |length: u64| vec![Act::Read, write(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n")), Act::Hang];
    check([
        Case::too_large("declared", declared(LIMIT as u64 + 1)),
        Case::too_large("declared, near the maximum of u64", declared(u64::MAX - 2)),
        Case::too_large("in chunks", chunked(&success_of_length(LIMIT + 1))),
        Case::too_large("of an error", respond("500 Oh", &"x".repeat(LIMIT + 1))),
        Case::too_large(
            "until the connection ends",
            raw(format!("HTTP/1.1 200 OK\r\n\r\n{}", success_of_length(LIMIT + 1))),
        ),
    ])
    .await;
    let server = ScriptServer::start([declared(LIMIT as u64 + 1)]).await;
    let error = list(&client(&server.url(), 1)).await.unwrap_err();
    assert!(error.to_string().contains("1000 bytes"), "{error}");
}

/// Case 11.
#[tokio::test]
async fn accepts_headers_up_to_the_limit() {
    let with_headers = |headers: usize| {
        let more = "x: y\r\n".repeat(headers - 1);
        raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{more}\r\n{SUCCESS}", SUCCESS.len()))
    };
    let server = ScriptServer::start([with_headers(defaults::MAX_HEADERS)]).await;
    list(&client(&server.url(), 1)).await.unwrap();
    check([
        Case::invalid("one header too many", with_headers(defaults::MAX_HEADERS + 1)),
        Case::invalid("10 000 headers", with_headers(10_000)),
    ])
    .await;
}

/// Case 11.
#[tokio::test]
async fn accepts_a_head_up_to_the_limit() {
    let head = |length: usize| {
        let (begin, end) = (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx: ", SUCCESS.len()), "\r\n\r\n");
        format!("{begin}{}{end}", "y".repeat(length - begin.len() - end.len()))
    };
    let server = ScriptServer::start([raw(format!("{}{SUCCESS}", head(defaults::HEAD_LIMIT)))]).await;
    list(&client(&server.url(), 1)).await.unwrap();
    let mut cut = head(defaults::HEAD_LIMIT + 1);
    cut.truncate(defaults::HEAD_LIMIT);
    check([
        // The client rejects the head although it is not complete.
        Case::invalid("one byte too many", [Act::Read, write(cut), Act::Hang]),
        Case::invalid("one header of 1 MB", raw(head(1_000_000))),
    ])
    .await;
}

/// Case 22.
#[tokio::test]
async fn keeps_a_bounded_part_of_an_error_body() {
    for (length, kept) in
        [(KEPT_BODY - 1, KEPT_BODY - 1), (KEPT_BODY, KEPT_BODY), (KEPT_BODY + 1, KEPT_BODY), (1_000_000, KEPT_BODY)]
    {
        let server = ScriptServer::start([respond("400 Bad Request", &"x".repeat(length))]).await;
        let client = builder(&server.url(), 1).response_limit(2_000_000).build().unwrap();
        assert_eq!(list(&client).await.unwrap_err().body().unwrap().len(), kept, "{length}");
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// Case 21. JSON that is skipped may have any depth. JSON that is read into a tree may have the depth of the decoder.
#[tokio::test]
async fn bounds_the_depth_of_json() {
    for deep in [100, 10_000, 1_000_000].map(nested) {
        let event =
            format!(r#"{{"actor":{{"kind":"x","k":{deep}}},"action":"x","createTime":1,"metadata":{{"k":{deep}}}}}"#);
        let unknown = format!(r#"{{"logStreamType":"pigeon","id":"a","status":{{"type":"active"}},"k":{deep}}}"#);
        let server = ScriptServer::start([joined([
            respond("200 OK", &SUCCESS.replacen('{', &format!(r#"{{"new":{deep},"#), 1)),
            respond("200 OK", &format!(r#"{{"items":[{event}],"pagination":{{"hasMore":false,"k":{deep}}}}}"#)),
            respond("200 OK", &format!("[{unknown}]")),
            respond("400 Bad Request", &format!(r#"{{"code":"BadJsonBody","message":"","new":{deep}}}"#)),
            respond("200 OK", &format!(r#"{{"environmentVariables":{deep}}}"#)),
        ])])
        .await;
        let client = builder(&server.url(), 1).response_limit(16_000_000).build().unwrap();
        list(&client).await.unwrap();
        let events = bounded(client.send(&ListAuditLogEvents::new(UnixMillis(0)))).await.unwrap();
        assert!(events.items[0].metadata.as_str().contains(&deep));
        assert_eq!(bounded(client.send(&ListLogStreams::new())).await.unwrap().len(), 1);
        assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Api);
        assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Decode);
    }
    let read = |depth| RawJson::parse(nested(depth)).unwrap().read::<serde_json::Value>();
    read(127).unwrap();
    assert_eq!(read(128).unwrap_err().kind, DecodeErrorKind::Syntax);
    let fields = |depth| Document::parse(format!(r#"{{"_id":"x","f":{}}}"#, nested(depth))).unwrap().fields().map(drop);
    // The document itself is one level.
    fields(126).unwrap();
    fields(127).unwrap_err();
}

/// Makes this number of calls at once, each on its own connection.
async fn concurrent_calls(client: &DeploymentClient, count: usize, arrived: &Gate, go: &Gate) {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { list(&client).await })
        })
        .collect();
    for _ in 0..count {
        bounded(arrived.wait()).await;
    }
    for _ in 0..count {
        go.open();
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    settle().await;
}

#[tokio::test]
async fn keeps_at_most_max_idle_connections() {
    for (max, opened) in [(3, 3), (4, 3), (2, 4), (1, 5), (0, 6)] {
        let (arrived, go) = (Gate::new(), Gate::new());
        let call = || {
            let mut acts = success();
            acts.splice(1..1, [Act::Open(arrived.clone()), Act::Wait(go.clone())]);
            acts
        };
        let server = ScriptServer::start((0..9).map(|_| joined([call(), call()]))).await;
        let client = builder(&server.url(), 1).max_idle_connections(max).build().unwrap();
        concurrent_calls(&client, 3, &arrived, &go).await;
        assert_eq!(server.connections(), 3, "{max}");
        concurrent_calls(&client, 3, &arrived, &go).await;
        assert_eq!((server.connections(), server.requests().len()), (opened, 6), "{max}");
    }
}

#[tokio::test]
async fn sends_at_most_max_concurrency_requests_at_once() {
    for (max, at_first) in [(Some(4), 3), (Some(3), 3), (Some(2), 2), (Some(1), 1), (Some(0), 1), (None, 3)] {
        let (arrived, go) = (Gate::new(), Gate::new());
        let call = || vec![Act::Read, Act::Open(arrived.clone()), Act::Wait(go.clone()), success().pop().unwrap()];
        let server = ScriptServer::start((0..3).map(|_| joined([call(), call(), call()]))).await;
        let client = builder(&server.url(), 1).max_concurrency(max).build().unwrap();
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { list(&client).await })
            })
            .collect();
        for _ in 0..at_first {
            bounded(arrived.wait()).await;
        }
        // Any further request would have arrived by now.
        settle().await;
        settle().await;
        assert_eq!(server.requests().len(), at_first, "{max:?}");
        for _ in 0..3 {
            go.open();
        }
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(server.requests().len(), 3, "{max:?}");
    }
}

/// Returns the error of a call and its peak memory, while a server on another thread sends without end.
fn peak_memory(acts: Vec<Act>, limit: usize) -> (ErrorKind, u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(ScriptServer::start([acts]));
    let client = builder(&server.url(), 1).response_limit(limit).attempt_timeout(SHORT).build().unwrap();
    let caller = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut failure = None;
    let held = allocation_counter::measure(|| {
        let call = async { bounded(client.send(&ListEnvironmentVariables::new())).await };
        failure = Some(caller.block_on(call).unwrap_err().cause_kind());
    });
    // The client's connection ends with its runtime.
    drop(caller);
    // The server runs on its own thread. Its counters are final once it has seen the close.
    runtime.block_on(bounded(async {
        while server.closed() == 0 {
            tokio::task::yield_now().await;
        }
    }));
    assert!(server.bytes_flooded() > 0, "the server sent bytes");
    (failure.unwrap(), held.bytes_max)
}

#[test]
fn bounds_memory_whatever_the_server_sends() {
    const BODY: usize = 1024 * 1024;
    let flood = |begin: &str, text: &str| {
        vec![Act::Read, write(begin), Act::Flood(text.repeat(8000 / text.len()).into_bytes())]
    };
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = &format!("{ok}transfer-encoding: chunked\r\n\r\n");
    let interim = &format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(4000));
    // A buffer that grows by doubling is held twice during the copy. The read buffer may have the size of the head limit.
    let (body, head) = (4 * BODY + 2 * defaults::HEAD_LIMIT, 4 * defaults::HEAD_LIMIT);
    for (name, acts, failure, max) in [
        ("a body", flood(&format!("{ok}\r\n"), "xxxxxxxx"), ErrorKind::ResponseTooLarge, body),
        ("chunks", flood(chunked, &format!("3e8\r\n{}\r\n", "x".repeat(1000))), ErrorKind::ResponseTooLarge, body),
        ("a chunk's extension", flood(&format!("{chunked}1;"), "xxxxxxxx"), ErrorKind::InvalidResponse, head),
        ("trailers", flood(&format!("{chunked}0\r\n"), "x: yyyyyy\r\n"), ErrorKind::InvalidResponse, head),
        ("a status line", flood("HTTP/1.1 200 ", "xxxxxxxx"), ErrorKind::InvalidResponse, head),
        ("a header's name", flood(ok, "xxxxxxxx"), ErrorKind::InvalidResponse, head),
        ("a header's value", flood(&format!("{ok}x: "), "yyyyyyyy"), ErrorKind::InvalidResponse, head),
        ("headers", flood(ok, "x: yyyyyy\r\n"), ErrorKind::InvalidResponse, head),
        ("interim responses", flood("", interim), ErrorKind::AttemptTimeout, head),
        ("line ends", flood("", "\r\n"), ErrorKind::InvalidResponse, head),
    ] {
        let (got, held) = peak_memory(acts, BODY);
        assert_eq!(got, failure, "{name}");
        assert!(held <= max as u64, "{name}: {held} bytes, of {max}");
    }
}

/// The server can write what the client reads, and what fits into the sockets.
#[tokio::test]
async fn leaves_a_server_that_sends_without_end() {
    let endless = || vec![Act::Read, write("HTTP/1.1 200 OK\r\n\r\n"), Act::Flood(vec![b'x'; 10_000])];
    let server = ScriptServer::start([endless(), success()]).await;
    let client = builder(&server.url(), 1).attempt_timeout(Duration::from_secs(60)).build().unwrap();
    assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::ResponseTooLarge);
    bounded(async {
        while server.closed() == 0 {
            settle().await;
        }
    })
    .await;
    assert!(server.bytes_flooded() <= 32 * 1024 * 1024, "{} bytes", server.bytes_flooded());
    list(&client).await.unwrap();
    assert_eq!(server.connections(), 2);
}
