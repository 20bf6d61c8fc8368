//! Requests that the server does not read, reads in part, or does not respond to.

use bytes::Bytes;
use convex_mgmt::deployment::UpdateEnvironmentVariables;
use convex_mgmt::proto::RequestEncoder;
use convex_mgmt::{
    BuildError, DecodeError, DeploymentApi, DeploymentClient, Error, ErrorKind, Idempotency, Operation, OperationMeta,
    Sent,
};
use convex_mgmt_suite::script_server::{Act, Gate, ScriptServer, raw, write};
use http::Method;

use crate::{CLASSES, Case, Signal, bounded, check, client, empty_success, joined, list, send, settle, success};

/// The largest body that is sent. It exceeds the socket buffers, so it is sent completely only if the server reads it.
const LARGE: usize = 2 * 1024 * 1024 - 2;

/// A large request of an operation that is idempotent, or not.
struct Upload<const RETRIED: bool>;

impl<const RETRIED: bool> Operation for Upload<RETRIED> {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
        "upload",
        Method::POST,
        "/upload",
        if RETRIED { Idempotency::Idempotent } else { Idempotency::NonIdempotent },
    );
    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.json(&"x".repeat(LARGE))
    }
    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

pub(crate) async fn upload(client: &DeploymentClient, retried: bool) -> Result<(), Error> {
    match retried {
        true => bounded(client.send(&Upload::<true>)).await,
        false => bounded(client.send(&Upload::<false>)).await,
    }
}

/// Case 6, before any byte was sent. The request moves to another connection, for every operation and without a new attempt.
#[tokio::test]
async fn moves_a_request_from_a_closed_idle_connection_to_a_new_one() {
    let when = [(false, false), (false, true), (true, false), (true, true)];
    for (class, (reset, noticed)) in CLASSES.into_iter().flat_map(|class| when.map(|when| (class, when))) {
        let what = format!("{class:?}, reset: {reset}, noticed: {noticed}");
        let close = Gate::new();
        let end = if reset { vec![Act::Reset] } else { vec![] };
        let first = joined([success(), vec![Act::Wait(close.clone())], end]);
        let server = ScriptServer::start([first, success()]).await;
        let client = client(&server.url(), 1);
        list(&client).await.unwrap();
        let mut signal = Signal::new().await;
        close.open();
        // The runtime has received the close. The client's connection task runs after this test has passed the request to it.
        bounded(signal.pass()).await;
        assert_eq!(server.closed(), 1, "{what}");
        if noticed {
            settle().await;
        }
        send(&client, class).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!((server.connections(), server.requests().len()), (2, 2), "{what}");
    }
}

/// Case 6, after some bytes were sent.
#[tokio::test]
async fn reports_a_pooled_connection_that_breaks_during_a_request() {
    let endings = [
        ("reset inside the request", vec![Act::Part(1), Act::Reset], 0),
        ("closed inside the request", vec![Act::Part(1)], 0),
        ("reset after the request", vec![Act::Read, Act::Reset], 1),
        ("closed after the request", vec![Act::Read], 1),
    ];
    for ((name, ending, read), class) in endings.iter().flat_map(|end| CLASSES.map(|class| (end.clone(), class))) {
        let server = ScriptServer::start([joined([success(), ending]), joined([success(), success()])]).await;
        let client = client(&server.url(), 3);
        list(&client).await.unwrap();
        let result = send(&client, class).await;
        if class == Idempotency::NonIdempotent {
            let error = result.expect_err(name);
            assert_eq!(
                (error.kind(), error.cause_kind()),
                (ErrorKind::OutcomeUnknown, ErrorKind::Connection),
                "{name}"
            );
            assert_eq!((error.sent(), error.attempts(), server.connections()), (Sent::Maybe, 1, 1), "{name}");
            list(&client).await.unwrap();
        } else {
            result.unwrap_or_else(|error| panic!("{name}, {class:?}: {error:?}"));
        }
        assert_eq!((server.connections(), server.requests().len()), (2, 2 + read), "{name}, {class:?}");
    }
}

/// Case 7.
#[tokio::test]
async fn reports_a_connection_that_breaks_inside_the_request() {
    check([
        Case::broken("reset inside a small request", 0, [Act::Part(10), Act::Reset]),
        Case::broken("closed inside a small request", 0, [Act::Part(10)]),
    ])
    .await;
    for (name, acts) in [
        ("reset in the head", vec![Act::Part(1), Act::Reset]),
        ("reset halfway", vec![Act::Part(LARGE / 2), Act::Reset]),
        ("closed halfway", vec![Act::Part(LARGE / 2)]),
    ] {
        for retried in [true, false] {
            let server = ScriptServer::start([acts.clone(), joined([success(), success()])]).await;
            let client = client(&server.url(), 2);
            match (retried, upload(&client, retried).await) {
                (true, result) => result.expect(name),
                (false, result) => {
                    let error = result.expect_err(name);
                    assert_eq!(
                        (error.kind(), error.cause_kind()),
                        (ErrorKind::OutcomeUnknown, ErrorKind::Connection),
                        "{name}"
                    );
                    assert_eq!((error.sent(), error.attempts(), server.connections()), (Sent::Maybe, 1, 1), "{name}");
                }
            }
            list(&client).await.unwrap();
            assert_eq!((server.connections(), server.requests().len()), (2, 1 + usize::from(retried)), "{name}");
        }
    }
}

/// Case 8. The client reads the response although the server stops reading.
#[tokio::test]
async fn reports_an_early_error_response() {
    let body = r#"{"code":"SomethingNew","message":""}"#;
    for status in ["413 Too Large", "401 Unauthorized"] {
        let response = write(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let after_first_byte = |rest: Vec<Act>| joined([vec![Act::Part(1), response.clone()], rest]);
        for (name, acts, connections) in [
            ("continues to read", after_first_byte(joined([vec![Act::Read], success()])), 1),
            ("shuts down its write side", after_first_byte(vec![Act::Finish, Act::Hang]), 2),
            ("closes", after_first_byte(vec![]), 2),
            ("resets", after_first_byte(vec![Act::Reset]), 2),
        ] {
            for retried in [true, false] {
                let server = ScriptServer::start([acts.clone(), success()]).await;
                let client = client(&server.url(), 3);
                let error = upload(&client, retried).await.unwrap_err();
                assert_eq!((error.kind(), error.attempts()), (ErrorKind::Api, 1), "{name}, {status}: {error:?}");
                settle().await;
                list(&client).await.unwrap();
                // On a connection that stays open, the rest of the request is not taken for the next request.
                let requests = if connections == 1 { 2 } else { 1 };
                assert_eq!((server.connections(), server.requests().len()), (connections, requests), "{name}");
            }
        }
    }
}

/// Case 8. A response before the request was read is valid.
#[tokio::test]
async fn accepts_a_response_sent_before_the_request_is_read() {
    let response = success().pop().unwrap();
    for class in CLASSES {
        let server = ScriptServer::start([joined([vec![Act::Part(1), response.clone(), Act::Read], success()])]).await;
        let client = client(&server.url(), 1);
        send(&client, class).await.unwrap();
        list(&client).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 2), "{class:?}");
    }
}

/// Case 9.
#[tokio::test]
async fn reports_a_missing_response_to_a_complete_request() {
    check([
        Case::broken("reset after the request", 1, [Act::Read, Act::Reset]),
        Case::broken("closed after the request", 1, [Act::Read]),
        Case::broken("finished after the request", 1, [Act::Read, Act::Finish, Act::Hang]),
    ])
    .await;
}

/// Case 28.
#[tokio::test]
async fn all_attempts_send_the_same_bytes() {
    let busy = raw("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    let server = ScriptServer::start([vec![Act::Read, Act::Reset], joined([busy, empty_success()])]).await;
    let update = UpdateEnvironmentVariables::new().set("A", "1").delete("B");
    bounded(client(&server.url(), 3).send(&update)).await.unwrap();
    let requests = server.requests();
    assert_eq!((server.connections(), requests.len()), (2, 3));
    assert!(requests[0].starts_with(b"POST ") && requests[0].ends_with(b"}"), "{requests:?}");
    assert!(requests.iter().all(|request| *request == requests[0]));
}
