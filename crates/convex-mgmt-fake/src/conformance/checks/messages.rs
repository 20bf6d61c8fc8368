//! The checks of requests and responses.

use std::collections::BTreeMap;

use convex_mgmt_proto::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt_proto::deployment::{
    DataSync, GetLogStream, ListAuditLogEvents, ListEnvironmentVariables, UnpauseDeployment, UpdateEnvironmentVariables,
};
use convex_mgmt_proto::{Applied, ErrorCode, Operation, Pager, Sent, UnixMillis};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName, Uri};

use super::expect::{count, describe, ensure, fails, succeeds};
use crate::conformance::caller::{Caller, Failure};
use crate::conformance::session::{Checked, End, KEY, Run};
use crate::conformance::target::Target;
use crate::state::RecordedRequest;

/// A value that is not ASCII and needs escapes in JSON.
const TEXT: &str = "Grüße,\n\"日本語\" \\ 🦀";

pub(super) async fn list<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    session.fake.set_variable("GREETING", TEXT);
    session.fake.set_variable("EMPTY", "");
    let variables = succeeds(session.client.call(&ListEnvironmentVariables::new()).await, "a list of two variables")?;
    let expected = BTreeMap::from([("EMPTY".to_owned(), String::new()), ("GREETING".to_owned(), TEXT.to_owned())]);
    ensure(texts(&variables) == expected, format!("the variables {expected:?}"), || {
        format!("{:?}", texts(&variables))
    })?;
    let requests = session.fake.requests().len();
    ensure(requests == 1, "1 request", || count(requests, "request"))
}

pub(super) async fn update<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    session.fake.set_variable("OLD", "value");
    let update = UpdateEnvironmentVariables::new().set("GREETING", TEXT).delete("OLD");
    succeeds(session.client.call(&update).await, "a success from a response with an empty body")?;
    let variables: BTreeMap<_, _> = session.fake.variables().into_iter().collect();
    let expected = BTreeMap::from([("GREETING".to_owned(), TEXT.to_owned())]);
    ensure(variables == expected, format!("the variables {expected:?} on the server"), || format!("{variables:?}"))?;
    let requests = session.fake.requests().len();
    ensure(requests == 1, "1 request", || count(requests, "request"))
}

pub(super) async fn request<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    // The server rejects both. Only the requests matter.
    let in_path = GetLogStream::new("a/b c%2F?ü#");
    let in_query = ListAuditLogEvents::new(UnixMillis(0)).cursor("a b+c&d=e%2F?ü#");
    let with_body = UpdateEnvironmentVariables::new().set("GREETING", TEXT);
    let _ = session.client.call(&in_path).await;
    let _ = session.client.call(&in_query).await;
    let _ = session.client.call(&with_body).await;
    let build =
        |error| End::Mismatch { expected: "a request that follows the rules".into(), found: format!("{error}") };
    let expected = [
        in_path.to_request(&session.endpoint).map_err(build)?,
        in_query.to_request(&session.endpoint).map_err(build)?,
        with_body.to_request(&session.endpoint).map_err(build)?,
    ];
    let received = session.fake.requests();
    ensure(received.len() == expected.len(), "3 requests", || count(received.len(), "request"))?;
    expected.iter().zip(&received).try_for_each(|(expected, received)| compare(expected, received))
}

/// Compares a request with its form on the server.
fn compare(expected: &http::Request<bytes::Bytes>, received: &RecordedRequest) -> Checked {
    let line = |method: &http::Method, uri: &Uri| {
        format!("{method} {}", uri.path_and_query().map_or("", |target| target.as_str()))
    };
    let expected_line = line(expected.method(), expected.uri());
    let received_line = match received.uri.parse() {
        Ok(uri) => line(&received.method, &uri),
        Err(_) => format!("{} {}", received.method, received.uri),
    };
    ensure(expected_line == received_line, format!("the request {expected_line}"), || received_line)?;
    let names = expected.headers().keys().filter(|name| **name != USER_AGENT);
    for name in names {
        compare_header(name, expected.headers(), &received.headers)?;
    }
    ensure(expected.body() == &received.body, format!("the body {:?}", expected.body()), || {
        format!("{:?}", received.body)
    })
}

fn compare_header(name: &HeaderName, expected: &HeaderMap, received: &HeaderMap) -> Checked {
    let values = |headers: &HeaderMap| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let (expected, received) = (values(expected), values(received));
    // The key is made up. Texts of errors are no place for a credential, even so.
    let shown = |values: &[String]| {
        let values = values.iter().map(|value| match *name {
            AUTHORIZATION => value.replace(KEY, "[key]"),
            _ => value.clone(),
        });
        format!("`{}`", values.collect::<Vec<_>>().join("`, `"))
    };
    let expectation = format!("the header {name} with {}, {}", count(expected.len(), "value"), shown(&expected));
    ensure(expected == received, expectation, || match received.len() {
        0 => format!("no header {name}"),
        _ => format!("{}: {}", count(received.len(), "value"), shown(&received)),
    })
}

pub(super) async fn large_bodies<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    // The server permits 512 KiB in all, and 8 KiB for each.
    let value = |number: usize| format!("{number}:").repeat(8000).chars().take(8000).collect::<String>();
    let variables: BTreeMap<_, _> = (10..70).map(|number| (format!("LARGE_{number}"), value(number))).collect();
    let update = variables
        .iter()
        .fold(UpdateEnvironmentVariables::new(), |update, (name, value)| update.set(name.as_str(), value.as_str()));
    succeeds(session.client.call(&update).await, "the success of a request of 480 kB")?;
    let stored: BTreeMap<_, _> = session.fake.variables().into_iter().collect();
    ensure(stored == variables, "60 large variables on the server", || differences(&stored, &variables))?;
    let listed = succeeds(session.client.call(&ListEnvironmentVariables::new()).await, "a response of 480 kB")?;
    let listed = texts(&listed);
    ensure(listed == variables, "60 large variables in the list", || differences(&listed, &variables))?;
    match largest_bodies(run).await {
        // The fake in process has no bodies of that size.
        Err(End::Skipped) => Ok(()),
        result => result,
    }
}

/// Responses of the sizes that a transport's limit has to permit.
async fn largest_bodies<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let (session, _raw) = run.raw_session(padded(r#"{"environmentVariables":{"GREETING":"hello"}"#, 8 << 20))?;
    let listed = succeeds(session.client.call(&ListEnvironmentVariables::new()).await, "a response of 8 MiB")?;
    ensure(listed.len() == 1, "1 variable in a response of 8 MiB", || count(listed.len(), "variable"))?;
    let page = r#"{"status":{"type":"snapshotting"},"truncates":[],"values":[],"syncId":"id","pagination":{"nextCursor":"next"}"#;
    let (session, _raw) = run.raw_session(padded(page, 16 << 20))?;
    let page = succeeds(session.client.call(&DataSync::new()).await, "a page of a data sync of 16 MiB")?;
    ensure(page.next_cursor == "next", "the cursor of a page of 16 MiB", || "another cursor".to_owned())
}

/// A response whose body has this size: an object without its last brace, white space, and the brace.
fn padded(object: &str, size: usize) -> String {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n"
    );
    let space = " ".repeat(size - object.len() - 1);
    format!("{head}{object}{space}}}")
}

fn differences(found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) -> String {
    let equal = found.iter().filter(|(name, value)| expected.get(*name) == Some(value)).count();
    format!("{}, {equal} of them with the right value", count(found.len(), "variable"))
}

pub(super) async fn pages<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    let names: Vec<String> = (0..7).map(|number| format!("NAME_{number}")).collect();
    for name in &names {
        let update = UpdateEnvironmentVariables::new().set(name, "value");
        succeeds(session.client.call(&update).await, "an update that adds an entry to the audit log")?;
    }
    let mut pager = Pager::new(ListAuditLogEvents::new(UnixMillis(0)).limit(3));
    let mut events = Vec::new();
    while let Some(request) = pager.request().map_err(|error| End::Mismatch {
        expected: "a cursor for each page".to_owned(),
        found: format!("the error \"{error}\""),
    })? {
        events.extend(pager.accept(succeeds(session.client.call(request).await, "a page of the list")?));
    }
    let found: Vec<String> = events.iter().map(|event| event.metadata.as_str().to_owned()).collect();
    let in_order =
        found.len() == names.len() && found.iter().zip(&names).all(|(text, name)| text.contains(name.as_str()));
    ensure(in_order, "7 items in order", || format!("{}: {found:?}", count(found.len(), "item")))?;
    let requests = session.fake.requests().len() - names.len();
    ensure(requests == 3, "3 requests for 3 pages", || count(requests, "request"))
}

pub(super) async fn error_code<C: Caller, F: FnMut(&Target) -> C>(run: &mut Run<F>) -> Checked {
    let session = run.session()?;
    let expected = "an error with the code UnpauseDeploymentFailed, from a response with an error status";
    let error = fails(session.client.call(&UnpauseDeployment::new()).await, expected, |_| "a success".to_owned())?;
    let is_right = error.code() == Some(&ErrorCode::UnpauseDeploymentFailed)
        && error.sent() == Sent::Maybe
        && error.applied() == Applied::No;
    ensure(is_right, expected, || describe(&error))?;
    let requests = session.fake.requests().len();
    ensure(requests == 1, "1 request", || count(requests, "request"))
}

/// The variables as text.
fn texts(variables: &EnvironmentVariables) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect()
}
