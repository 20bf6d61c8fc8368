//! The checks that need a socket.

use convex_mgmt_proto::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt_proto::{Applied, Sent};

use super::expect::{count, describe, ensure, fails};
use super::repetition::create;
use crate::conformance::caller::{Caller, Failure};
use crate::conformance::server::ClosedPort;
use crate::conformance::session::{Checked, Run};
use crate::conformance::target::Target;

/// A complete list, so that a client which ignores the end of the body finds nothing wrong.
const LIST: &str = r#"{"environmentVariables":{"GREETING":"hello"}}"#;

pub(super) async fn redirect<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    // 302 changes a `POST` to a `GET`, and 307 keeps it. Some clients only follow redirects to the same server.
    for (status, path) in [("302 Found", "list"), ("307 Temporary Redirect", "update")] {
        for same_server in [false, true] {
            let (elsewhere, server) = run.other_deployment()?;
            let origin = if same_server { String::new() } else { server.url() };
            let location = format!("{origin}/api/v1/{path}_environment_variables");
            let response =
                format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let (session, raw) = run.raw_session(response)?;
            let result = match path {
                "list" => session.client.call(&ListEnvironmentVariables::new()).await.map(drop),
                _ => session.client.call(&UpdateEnvironmentVariables::new().set("GREETING", "hello")).await,
            };
            let (expected, requests) = (format!("an error for the status {status}"), elsewhere.requests().len());
            ensure(requests == 0, "0 requests to the redirect's target", || count(requests, "request"))?;
            let requests = raw.requests();
            ensure(requests == 1, "1 request to the server that redirects", || count(requests, "request"))?;
            fails(result, &expected, |()| "a success".to_owned())?;
        }
    }
    Ok(())
}

pub(super) async fn truncated_body<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let by_length = format!("{head}content-length: {}\r\n\r\n{LIST}", LIST.len() + 100);
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{LIST}\r\n", LIST.len());
    for (response, framing) in [(by_length, "its content length"), (chunked, "its last chunk")] {
        let (session, raw) = run.raw_session(response)?;
        let result = session.client.call(&ListEnvironmentVariables::new()).await;
        let expected = format!("an error for a body that ends before {framing}");
        let error = fails(result, &expected, |list| format!("a list of {}", count(list.len(), "variable")))?;
        ensure(error.sent() == Sent::Maybe, expected, || describe(&error))?;
        let requests = raw.requests();
        ensure(requests > 1, "a repetition of the call", || count(requests, "request"))?;
    }
    Ok(())
}

pub(super) async fn nobody_listens<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let port = ClosedPort::reserve()?;
    let session = run.session_at(port.address)?;
    let expected = "an error that states that nothing was sent, because the connection was refused";
    let error = fails(session.client.call(&create()).await, expected, |_| "a success".to_owned())?;
    ensure(error.sent() == Sent::No && error.applied() == Applied::No, expected, || describe(&error))
}
