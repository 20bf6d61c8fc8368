//! Heads of responses: truncated, malformed, contradictory, preceded by interim responses, or missing.

use std::time::Duration;

use convex_mgmt::{ErrorKind, Sent};
use convex_mgmt_suite::script_server::{Act, ScriptServer, raw, write};

use crate::{BOUND, CLASSES, Case, SHORT, SUCCESS, builder, check, client, joined, list, send, success};

/// Case 10.
#[tokio::test]
async fn reports_truncated_and_malformed_heads() {
    let head = "HTTP/1.1 200 OK\r\n";
    check([
        Case::broken("closed inside the status line", 1, raw("HTTP/1.1 20")),
        Case::broken("closed inside the head", 1, raw(format!("{head}content-ty"))),
        Case::broken("reset inside the head", 1, [Act::Read, write(format!("{head}content-ty")), Act::Reset]),
        Case::invalid("another protocol", raw("SSH-2.0-OpenSSH\r\n\r\n")),
        Case::invalid("a malformed status", raw("HTTP/1.1 2000 OK\r\n\r\n")),
        Case::invalid("a status without a number", raw("HTTP/1.1 OK\r\n\r\n")),
        Case::invalid("a version of the future", raw("HTTP/3.0 200 OK\r\n\r\n")),
        Case::invalid("HTTP/0.9", raw("<html>hello</html>")),
        Case::invalid("a header without a colon", raw(format!("{head}bad header\r\n\r\n"))),
        Case::invalid("a header with a zero byte", raw(format!("{head}a: \0\r\n\r\n"))),
        Case::invalid("a space before the colon", raw(format!("{head}content-length : 0\r\n\r\n"))),
        Case::invalid("a folded header", raw(format!("{head}a: b\r\n c\r\ncontent-length: 0\r\n\r\n"))),
    ])
    .await;
}

/// Case 10. The text also contains the limits.
#[tokio::test]
async fn error_texts_state_what_is_invalid() {
    let head = "HTTP/1.1 200 OK\r\n";
    for (response, text) in [
        ("SSH-2.0-OpenSSH\r\n\r\n".to_owned(), "invalid HTTP version"),
        ("<html>hello</html>".to_owned(), "invalid HTTP version"),
        (format!("{head}content-length: -1\r\n\r\nabcd"), "content-length"),
        (format!("{head}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd"), "content-length"),
        (format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n"), "chunk size"),
        (format!("{head}{}\r\n", "x: y\r\n".repeat(10_000)), "head is too large"),
        (format!("{head}x: {}", "y".repeat(1_000_000)), "head is too large"),
    ] {
        let start = response[..response.len().min(60)].to_owned();
        let server = ScriptServer::start([raw(response)]).await;
        let error = list(&client(&server.url(), 1)).await.unwrap_err();
        let host = server.url().replace("http://", "");
        let known = format!("the response from {host} is not valid HTTP, or its head exceeds 256 KiB or 100 headers: ");
        assert!(error.to_string().contains(&known), "{start:?}: {error}");
        assert!(error.to_string().contains(text), "{start:?}: {error}");
        assert!(!error.to_string().contains("broke"), "{start:?}: {error}");
        assert!(std::error::Error::source(&error).is_some(), "{start:?}: {error:?}");
    }
}

/// Case 14.
#[tokio::test]
async fn rejects_contradictory_lengths() {
    let head = "HTTP/1.1 200 OK\r\n";
    let length = SUCCESS.len();
    check([
        Case::invalid("two lengths", raw(format!("{head}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd"))),
        Case::invalid("two lengths in one", raw(format!("{head}content-length: 3, 4\r\n\r\nabcd"))),
        Case::invalid("a negative length", raw(format!("{head}content-length: -1\r\n\r\nabcd"))),
        Case::invalid("a length with a sign", raw(format!("{head}content-length: +{length}\r\n\r\n{SUCCESS}"))),
        Case::invalid("no number", raw(format!("{head}content-length: abcd\r\n\r\nabcd"))),
        Case::invalid(
            "chunks in HTTP/1.0",
            raw(format!("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{SUCCESS}\r\n0\r\n\r\n")),
        ),
    ])
    .await;
    // Chunks determine the end of the body, whatever `content-length` says. Two equal lengths count as one.
    for (name, headers, body) in [
        (
            "chunks and a length",
            "content-length: 3\r\ntransfer-encoding: chunked",
            format!("{length:x}\r\n{SUCCESS}\r\n0\r\n\r\n"),
        ),
        ("one length twice", &*format!("content-length: {length}\r\ncontent-length: {length}"), SUCCESS.to_owned()),
    ] {
        for class in CLASSES {
            let server = ScriptServer::start([raw(format!("{head}{headers}\r\n\r\n{body}")), success()]).await;
            let client = client(&server.url(), 1);
            send(&client, class).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            list(&client).await.unwrap();
            assert_eq!(server.requests().len(), 2, "{name}");
        }
    }
}

/// Case 12.
#[tokio::test]
async fn skips_interim_responses() {
    let response = success().pop().unwrap();
    let interim = |count| {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n".repeat(count);
        vec![Act::Read, write(text), response.clone()]
    };
    let early = vec![Act::Part(1), write("HTTP/1.1 100 Continue\r\n\r\n"), Act::Read, response.clone()];
    for (name, acts) in [("two", interim(1)), ("a thousand", interim(500)), ("before the request was read", early)] {
        for class in CLASSES {
            let server = ScriptServer::start([joined([acts.clone(), success()])]).await;
            let client = client(&server.url(), 1);
            send(&client, class).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            // No interim response is left for the next request.
            list(&client).await.unwrap();
            assert_eq!((server.connections(), server.requests().len()), (1, 2), "{name}");
        }
    }
    let switching = raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
    check([Case {
        failure: ErrorKind::UnexpectedReply,
        retried: [false; 3],
        ..Case::broken("an unrequested upgrade", 1, switching)
    }])
    .await;
}

/// Case 12.
#[tokio::test]
async fn times_out_during_endless_interim_responses() {
    let storm = Act::Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100));
    check([Case::broken("1xx without end", 1, [Act::Read, storm]).times_out()]).await;
}

/// Case 13.
#[tokio::test]
async fn times_out_when_the_server_never_responds() {
    check([
        Case::broken("never responds", 1, [Act::Read, Act::Hang]).times_out(),
        Case::broken("never reads", 0, [Act::Wait(Default::default())]).times_out(),
        Case::broken("never ends the head", 1, [Act::Read, write("HTTP/1.1 200 OK\r\n"), Act::Hang]).times_out(),
        Case::broken("drips the head", 1, [Act::Read, write("HTTP/1.1 200 "), Act::Drip(b'x', SHORT / 20)]).times_out(),
    ])
    .await;
}

/// Case 13.
#[tokio::test]
async fn the_shorter_timeout_applies() {
    let short = Duration::from_millis(100);
    for (attempt, total, failure) in [
        (None, Some(short), ErrorKind::DeadlineExceeded),
        (Some(BOUND), Some(short), ErrorKind::DeadlineExceeded),
        (Some(short), None, ErrorKind::AttemptTimeout),
        (Some(short), Some(BOUND), ErrorKind::AttemptTimeout),
    ] {
        for class in CLASSES {
            let server = ScriptServer::start([vec![Act::Read, Act::Hang], success()]).await;
            let client = builder(&server.url(), 1).attempt_timeout(attempt).total_timeout(total).build().unwrap();
            let error = send(&client, class).await.unwrap_err();
            assert_eq!((error.cause_kind(), error.sent(), error.attempts()), (failure, Sent::Maybe, 1), "{error:?}");
            assert!((short..BOUND / 2).contains(&error.elapsed()), "{error:?}");
        }
    }
}
