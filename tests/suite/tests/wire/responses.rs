//! Complete responses: errors, redirects, and undecodable successes.

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::{
    GetCanonicalUrls, GetDeploymentInfo, ListActiveSyncs, ListEnvironmentVariables, ListUsageLimits,
    UpdateEnvironmentVariables,
};
use convex_mgmt::{Client, DecodeErrorKind, Error, ErrorKind, Idempotency, ResponseError, RetryPolicy};
use convex_mgmt_suite::script_server::{Act, Gate, ScriptServer, raw, respond, write};
use convex_mgmt_suite::{Script, Step, endpoint};
use http::Response;
use tokio::time::Instant;

use crate::{CLASSES, Case, SUCCESS, bounded, check, client, joined, list, send, success};

const JSON: &str = "200 OK\r\ncontent-type: application/json";

async fn list_once(acts: Vec<Act>) -> Result<(), Error> {
    let server = ScriptServer::start([acts]).await;
    list(&client(&server.url(), 1)).await
}

/// Cases 20 and 21.
#[tokio::test]
async fn reports_undecodable_success_responses() {
    let coded = |headers: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
        raw([head.as_bytes(), body].concat())
    };
    for (case, acts, kind) in [
        ("a web page", respond("200 OK\r\ncontent-type: text/html", "<html>"), DecodeErrorKind::Html),
        ("a web page without a content type", respond("200 OK", "<html>"), DecodeErrorKind::Html),
        ("empty", respond(JSON, ""), DecodeErrorKind::Empty),
        ("no content", respond("204 No Content", ""), DecodeErrorKind::Empty),
        ("truncated json", respond(JSON, r#"{"environmentVariables":{"A":"#), DecodeErrorKind::Truncated),
        ("no json", respond(JSON, "hello"), DecodeErrorKind::Syntax),
        ("a byte order mark", respond(JSON, "\u{feff}{}"), DecodeErrorKind::Syntax),
        ("two values", respond(JSON, &SUCCESS.repeat(2)), DecodeErrorKind::Syntax),
        ("missing field", respond(JSON, "{}"), DecodeErrorKind::Shape),
        ("null", respond(JSON, r#"{"environmentVariables":null}"#), DecodeErrorKind::Shape),
        ("a number for a text", respond(JSON, r#"{"environmentVariables":{"A":1}}"#), DecodeErrorKind::Shape),
        ("a list", respond(JSON, "[1]"), DecodeErrorKind::Shape),
        (
            "a field twice",
            respond(JSON, r#"{"environmentVariables":{},"environmentVariables":{}}"#),
            DecodeErrorKind::Shape,
        ),
        ("another charset", respond(&format!("{JSON}; charset=iso-8859-1"), SUCCESS), DecodeErrorKind::Charset),
        ("not utf-8", coded("", b"\"\xff\""), DecodeErrorKind::Charset),
        (
            "gzip that was not requested",
            coded("content-encoding: gzip\r\n", b"\x1f\x8b\x08\0"),
            DecodeErrorKind::Encoding,
        ),
        ("gzip that is not declared", coded("", b"\x1f\x8b\x08\0"), DecodeErrorKind::Charset),
        ("a part", respond("206 Partial Content\r\ncontent-range: bytes 0-9/99", SUCCESS), DecodeErrorKind::Status),
    ] {
        let server = ScriptServer::start([joined([acts, success()])]).await;
        let client = client(&server.url(), 3);
        let error = list(&client).await.expect_err(case);
        let Some(ResponseError::Decode(reply)) = error.response_error() else { panic!("{case}: {error:?}") };
        assert_eq!((error.kind(), error.attempts(), reply.error.kind), (ErrorKind::Decode, 1, kind), "{case}");
        assert!(error.body().is_some(), "{case}: the body is available");
        list(&client).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 2), "{case}");
    }
}

/// Case 21.
#[tokio::test]
async fn rejects_a_number_out_of_range() {
    let limit = |number: &str| SUCCESS.replace("\"limit\":1", &format!("\"limit\":{number}"));
    for (number, fits) in
        [("18446744073709551615", true), ("18446744073709551616", false), ("1e400", false), ("-1", false)]
    {
        let one = limit(number);
        let listed = one.split_once("\"usageLimit\":").unwrap().1.strip_suffix('}').unwrap();
        let server = ScriptServer::start([respond(JSON, &format!("{{\"usageLimits\":[{listed}]}}"))]).await;
        let result = bounded(client(&server.url(), 3).send(&ListUsageLimits::new())).await;
        assert_eq!(result.is_ok(), fits, "{number}: {result:?}");
        let what = ErrorKind::Decode;
        assert!(result.err().is_none_or(|error| error.kind() == what && error.attempts() == 1), "{number}");
    }
}

/// Case 19.
#[tokio::test]
async fn handles_success_responses_without_a_body() {
    for head in ["200 OK", "201 Created", "204 No Content", "205 Reset Content"] {
        for class in CLASSES {
            let server = ScriptServer::start([joined([respond(head, ""), success()])]).await;
            let client = client(&server.url(), 3);
            // The write took effect, and only its result is missing.
            let error = send(&client, class).await.expect_err(head);
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1), "{head}, {class:?}");
            assert_eq!(error.is_applied(), class != Idempotency::Safe, "{head}, {class:?}");
            list(&client).await.unwrap();
            assert_eq!((server.connections(), server.requests().len()), (1, 2), "{head}");
        }
        let server = ScriptServer::start([joined([respond(head, ""), success()])]).await;
        let client = client(&server.url(), 3);
        bounded(client.send(&UpdateEnvironmentVariables::new().set("A", "1"))).await.expect(head);
        list(&client).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 2), "{head}");
    }
}

/// A complete error response, after which the connection is used again.
fn error_response(name: &'static str, acts: Vec<Act>, failure: ErrorKind, unknown: bool, retried: [bool; 3]) -> Case {
    Case { failure, unknown, retried, reused: true, ..Case::broken(name, 1, acts) }
}

/// Cases 22 and 24.
#[tokio::test]
async fn classifies_error_responses() {
    use ErrorKind::{Api, UnexpectedReply};
    let (none, idempotent, all) = ([false; 3], [true, true, false], [true; 3]);
    let coded = |code: &str| format!(r#"{{"code":"{code}","message":"m"}}"#);
    let page = |status: &str| respond(&format!("{status}\r\ncontent-type: text/html"), "<h1>");
    check([
        error_response("an error", respond("400 Bad Request", &coded("BadJsonBody")), Api, false, none),
        error_response("no message", respond("400 Bad Request", r#"{"code":"BadJsonBody"}"#), Api, false, none),
        error_response(
            "more fields",
            respond("400 Bad", r#"{"code":"A","message":"m","trace":{"x":[1]}}"#),
            Api,
            false,
            none,
        ),
        error_response("an unknown code", respond("409 Conflict", &coded("SomeNewCode")), Api, false, none),
        error_response("no code", respond("400 Bad Request", r#"{"message":"m"}"#), UnexpectedReply, false, none),
        error_response("an empty body", respond("400 Bad Request", ""), UnexpectedReply, false, none),
        error_response("a list", respond("400 Bad Request", "[]"), UnexpectedReply, false, none),
        error_response("no body at all", respond("404 Not Found", ""), UnexpectedReply, false, none),
        error_response("a proxy's page", page("502 Bad Gateway"), UnexpectedReply, true, idempotent),
        error_response("a gateway timeout", page("504 Gateway Timeout"), UnexpectedReply, true, idempotent),
        error_response("a request timeout", respond("408 Request Timeout", ""), UnexpectedReply, true, idempotent),
        error_response("500", respond("500 Oh", &coded("InternalServerError")), Api, true, idempotent),
        error_response("500 without a body", respond("500 Oh", ""), UnexpectedReply, true, idempotent),
        error_response("501", respond("501 Not Implemented", ""), UnexpectedReply, true, none),
        error_response("an edge status", page("521 Down"), UnexpectedReply, true, idempotent),
        error_response("a status of 600", respond("600 Odd", ""), UnexpectedReply, true, idempotent),
        error_response("not modified", raw("HTTP/1.1 304 Not Modified\r\n\r\n"), UnexpectedReply, true, none),
        error_response("503 without a code", respond("503 Busy", ""), UnexpectedReply, true, idempotent),
        error_response("503 with an unknown code", respond("503 Busy", &coded("SomeNewCode")), Api, true, idempotent),
        error_response("503 with a not-committed code", respond("503 Busy", &coded("ExpiredInQueue")), Api, false, all),
        error_response("503 of a permanent error", respond("503 Gone", &coded("InternalServerError")), Api, true, none),
        error_response("429", respond("429 Too Many", &coded("TooManyRequests")), Api, false, all),
        error_response("429 without a code", respond("429 Too Many", ""), UnexpectedReply, false, all),
        error_response("425", respond("425 Too Early", ""), UnexpectedReply, false, all),
    ])
    .await;
}

/// Case 24. A write conflict is retried for every operation, and does not count as an attempt.
#[tokio::test]
async fn retries_write_conflicts_for_every_operation() {
    let conflict = || respond("503 Busy", r#"{"code":"OptimisticConcurrencyControlFailure","message":""}"#);
    for class in CLASSES {
        let server = ScriptServer::start([joined([conflict(), conflict(), conflict(), conflict(), success()])]).await;
        send(&client(&server.url(), 1), class).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 5), "{class:?}");
    }
}

/// Case 25. The retry uses another connection, whether the server closes this one or not.
#[tokio::test]
async fn retries_a_421_on_another_connection() {
    let all = [true; 3];
    for head in ["421 Misdirected\r\nconnection: close", "421 Misdirected"] {
        let case = error_response(head, respond(head, ""), ErrorKind::UnexpectedReply, false, all);
        check([Case { reused: false, ..case }]).await;
    }
}

/// Case 25. A late 421 does not affect connections that were opened after its request was sent.
#[tokio::test]
async fn a_late_421_keeps_newer_connections() {
    let (arrived, go) = (Gate::new(), Gate::new());
    let rejected = || write("HTTP/1.1 421 Misdirected\r\ncontent-length: 0\r\n\r\n");
    let late = vec![Act::Read, Act::Open(arrived.clone()), Act::Wait(go.clone()), rejected()];
    let server = ScriptServer::start([late, vec![Act::Read, rejected()], joined([success(), success()])]).await;
    let client = client(&server.url(), 2);
    let first = tokio::spawn({
        let client = client.clone();
        async move { list(&client).await }
    });
    arrived.wait().await;
    list(&client).await.unwrap();
    go.open();
    first.await.unwrap().unwrap();
    assert_eq!((server.connections(), server.requests().len()), (3, 4));
}

/// Case 26.
#[tokio::test]
async fn does_not_follow_redirects() {
    let target = ScriptServer::start([success()]).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        for location in [format!("{}/x", target.url()), "https://elsewhere.example/x".into(), "/elsewhere".into()] {
            let acts = respond(&format!("{status}\r\nlocation: {location}"), "");
            check([error_response("a redirect", acts, ErrorKind::Redirect, true, [false; 3])]).await;
        }
    }
    assert_eq!(target.connections(), 0, "the target receives no request");
}

/// URLs in responses are data. The next request goes to the same server, with the same `Host`.
#[tokio::test]
async fn does_not_follow_addresses_in_responses() {
    let elsewhere = ScriptServer::start([joined([success(), success()])]).await;
    let url = elsewhere.url();
    let head = format!(
        "200 OK\r\nlocation: {url}/a\r\ncontent-location: {url}/b\r\nrefresh: 0; url={url}/c\r\nlink: <{url}/d>; rel=next\r\nalt-svc: h2=\"{}\"\r\nhost: {}",
        elsewhere.address(),
        elsewhere.address(),
    );
    let urls = format!(r#"{{"convexCloudUrl":"{url}","convexSiteUrl":"{url}"}}"#);
    let page = |pagination: &str| respond(&head, &format!(r#"{{"syncs":[],"pagination":{{{pagination}}}}}"#));
    let server = ScriptServer::start([joined([
        respond(&head, &urls),
        page(&format!(r#""hasMore":true,"nextCursor":"{url}/e""#)),
        page(r#""hasMore":false"#),
        respond(&head, SUCCESS),
    ])])
    .await;
    let client = client(&server.url(), 2);
    assert_eq!(bounded(client.send(&GetCanonicalUrls::new())).await.unwrap().convex_cloud_url, url);
    let mut pages = client.pages(ListActiveSyncs::new());
    while bounded(pages.next_page()).await.unwrap().is_some() {}
    list(&client).await.unwrap();
    assert_eq!((elsewhere.connections(), server.connections(), server.requests().len()), (0, 1, 4));
    let host = format!("\r\nhost: {}\r\n", server.address());
    assert!(server.requests().iter().all(|request| String::from_utf8_lossy(request).contains(&host)));
}

#[tokio::test]
async fn distinguishes_responses_of_intermediaries() {
    for (case, acts, expected) in [
        ("a redirect", respond("302 Found\r\nlocation: http://evil.example/x", ""), "evil.example"),
        ("a proxy's page", respond("502 Bad Gateway\r\ncontent-type: text/html", "<h1>"), "a web page"),
        ("an empty 404", respond("404 Not Found", ""), "check that the URL"),
        ("other json", respond("400 Bad Request", r#"{"error":"x"}"#), "not the API's"),
        ("an error", respond("409 Conflict", r#"{"code":"SomeNewCode","message":"m"}"#), "409 SomeNewCode"),
    ] {
        let error = list_once(acts).await.expect_err(case);
        assert!(error.to_string().contains(expected), "{case}: {error}");
    }
}

/// Case 23. Without a socket, because the clock is paused.
#[tokio::test(start_paused = true)]
async fn waits_for_the_retry_after() {
    let date = "Sun, 28 Feb 2027 23:59:50 GMT";
    for (headers, seconds) in [
        (vec![], 0),
        (vec![("retry-after", "7")], 7),
        (vec![("retry-after", "Mon, 01 Mar 2027 00:00:10 GMT"), ("date", date)], 20),
        (vec![("retry-after", "Sun, 28 Feb 2027 23:00:00 GMT"), ("date", date)], 0),
        (vec![("retry-after", "soon")], 0),
        (vec![("retry-after", "-1")], 0),
        (vec![("retry-after", "30")], 30),
        (vec![("retry-after", "2"), ("retry-after", "9")], 2),
    ] {
        let (result, waited, remaining) = list_after_429(&headers).await;
        result.unwrap_or_else(|error| panic!("{headers:?}: {error}"));
        assert_eq!((waited.as_secs(), remaining), (seconds, 0), "{headers:?}");
    }
}

/// Lists after a 429 with these headers. Returns the result, the time that passed, and the number of remaining responses.
async fn list_after_429(headers: &[(&str, &str)]) -> (Result<(), Error>, Duration, usize) {
    let mut busy = Response::builder().status(429);
    for (name, value) in headers {
        busy = busy.header(*name, *value);
    }
    let script = Script::new([Step::Respond(busy.body(Bytes::new()).unwrap()), Step::Status(200, SUCCESS)]);
    let policy = RetryPolicy::default().base_delay(Duration::ZERO);
    let client = Client::builder(endpoint("http://127.0.0.1:1")).retry(policy).build_on(script.clone()).unwrap();
    let started = Instant::now();
    let result = client.send(&ListEnvironmentVariables::new()).await.map(drop);
    (result, started.elapsed(), script.remaining())
}

/// Case 23. The client does not retry before the time that the server named.
#[tokio::test(start_paused = true)]
async fn a_long_retry_after_ends_the_call_at_once() {
    let date = "Sun, 28 Feb 2027 23:59:50 GMT";
    for (headers, seconds) in [
        (vec![("retry-after", "31")], 31),
        (vec![("retry-after", "86400")], 86_400),
        (vec![("retry-after", "99999999999999999999999")], u64::MAX),
        (vec![("retry-after", "Mon, 01 Mar 2027 23:59:50 GMT"), ("date", date)], 86_400),
    ] {
        let (result, waited, remaining) = list_after_429(&headers).await;
        let error = result.expect_err("the call ends");
        assert_eq!((error.attempts(), waited, remaining), (1, Duration::ZERO, 1), "{headers:?}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)), "{headers:?}");
        assert!(error.to_string().ends_with(&format!("(retry after {seconds} s)")), "{error}");
    }
}

/// Case 24. A success with an unknown shape is still a success.
#[tokio::test]
async fn never_retries_a_success() {
    let server = ScriptServer::start([joined([respond(JSON, r#"{"kind":7}"#), success()])]).await;
    let error = bounded(client(&server.url(), 3).send(&GetDeploymentInfo::new())).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), server.requests().len()), (ErrorKind::Decode, 1, 1));
}
