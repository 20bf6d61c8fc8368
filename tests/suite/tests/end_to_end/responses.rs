//! What a response proves: its author, the outcome of the operation, and the error for the caller. Over every route.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::UpdateEnvironmentVariables;
use convex_mgmt::{DeploymentClient, Error, ErrorKind, Idempotency, RetryBudget, RetryPolicy, Sent};
use convex_mgmt_proto::samples::Sample;
use convex_mgmt_suite::classes::{self, CLASSES, SUCCESS};
use convex_mgmt_suite::operations::{TestApi, sample};
use convex_mgmt_suite::routes::{ROUTES, Route, TestServer};
use http::Response;

/// The maximum number of attempts of a call.
const ATTEMPTS: u32 = 2;

/// A server that sends scripted responses, and a client of it.
struct Scripted {
    responses: Arc<Mutex<Vec<Response<Bytes>>>>,
    server: TestServer,
    client: DeploymentClient,
}

impl Scripted {
    async fn start(route: Route) -> Self {
        let responses = Arc::new(Mutex::new(Vec::<Response<Bytes>>::new()));
        let script = Arc::clone(&responses);
        // The last response is repeated.
        let server = TestServer::start(route, move |_| {
            let mut script = script.lock().unwrap();
            if script.len() > 1 { script.remove(0) } else { script[0].clone() }
        });
        let server = server.await;
        let policy = RetryPolicy::default().max_attempts(ATTEMPTS).base_delay(Duration::from_millis(1));
        let client = server.client().retry(policy).retry_budget(RetryBudget::new(10_000)).build().unwrap();
        Self { responses, server, client }
    }

    /// Sets the responses to the next requests.
    fn respond(&self, responses: impl IntoIterator<Item = Response<Bytes>>) {
        *self.responses.lock().unwrap() = responses.into_iter().collect();
    }

    /// Awaits a call, and checks that each attempt was one request.
    async fn send<T>(&self, what: &str, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let before = self.server.requests().len();
        let result = call.await;
        if let Err(error) = &result {
            let requests = self.server.requests().len() - before;
            assert_eq!((error.attempts() as usize, error.sent()), (requests, Sent::Maybe), "{what}: {error:?}");
        }
        result
    }

    /// Adds the error of the operation if it is a write with this value of `empty_response`.
    async fn add_error<O: Sample<Api: TestApi>>(&self, what: &str, empty_response: bool, errors: &mut Vec<Error>) {
        if O::META.idempotency == Idempotency::Safe || O::META.empty_response != empty_response {
            return;
        }
        let what = format!("{what}: {}", O::META);
        let client = self.client.at(O::Api::endpoint(self.server.url(), "made-up"));
        let result = self.send(&what, client.send(&sample::<O>())).await;
        errors.push(result.err().unwrap_or_else(|| panic!("{what}: a success")));
    }

    async fn errors(&self, what: &str, empty_response: bool) -> Vec<Error> {
        let mut errors = Vec::new();
        macro_rules! add_errors {
            ($($api:ident::$topic:ident::$operation:ident,)+) => { $(
                self.add_error::<convex_mgmt::$api::$topic::$operation>(what, empty_response, &mut errors).await;
            )+ };
        }
        convex_mgmt_proto::for_each_operation!(add_errors);
        errors
    }

    /// The errors of all writes without a response body.
    async fn errors_of_writes_without_body(&self, what: &str) -> Vec<Error> {
        let errors = self.errors(what, true).await;
        assert!(errors.len() >= 7, "only {}", errors.len());
        errors
    }

    /// The errors of all writes with a response body.
    async fn errors_of_writes_with_body(&self, what: &str) -> Vec<Error> {
        let errors = self.errors(what, false).await;
        assert!(errors.len() >= 4, "only {}", errors.len());
        errors
    }

    /// The error of an operation of this class.
    async fn error_of_class(&self, what: &str, class: Idempotency) -> Error {
        let what = format!("{what}: {class:?}");
        let result = self.send(&what, classes::send(&self.client, class)).await;
        result.err().unwrap_or_else(|| panic!("{what}: a success"))
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::copy_from_slice(body)).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// Asserts that the outcome of a write is unknown.
fn assert_unknown(what: &str, error: &Error, failure: ErrorKind) {
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, failure), "{what}: {error:?}");
    let place = error.operation().verify_with.map(|operation| operation.id);
    assert_eq!((error.is_applied(), error.verify_with()), (false, place), "{what}: {error:?}");
    let next = place.map(|id| format!("; call {id} to check")).unwrap_or_default();
    let text = error.to_string();
    assert!(text.contains(&format!("; the operation may have taken effect{next}")), "{what}: {text}");
}

/// Asserts that a write took effect, and that its response is undecodable.
fn assert_applied(what: &str, error: &Error) {
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::Decode, ErrorKind::Decode), "{what}: {error:?}");
    let place = error.operation().verify_with.map(|operation| operation.id);
    assert!(error.is_applied() && error.verify_with() == place, "{what}: {error:?}");
    // A list shows what a create has made, but not the secret of a key or token.
    let is_lost = error.operation().secret_response
        && error.operation().verify_with.is_some_and(|operation| !operation.secret_response);
    let advice = if is_lost { " and delete it: its secret is lost" } else { "" };
    let next = place.map(|id| format!("; call {id} to find the result{advice}")).unwrap_or_default();
    assert!(error.to_string().ends_with(&format!("; the operation took effect{next}")), "{what}: {error}");
}

/// Asserts that a read failed. Its outcome does not matter.
fn assert_read(what: &str, error: &Error, failure: ErrorKind) {
    assert_eq!((error.kind(), error.cause_kind()), (failure, failure), "{what}: {error:?}");
    assert_eq!((error.is_applied(), error.verify_with()), (false, None), "{what}: {error:?}");
    assert!(!error.to_string().contains("taken effect"), "{what}: {error}");
}

#[tokio::test]
async fn a_2xx_response_that_the_api_did_not_make_leaves_the_outcome_unknown() {
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for route in ROUTES {
        let server = Scripted::start(route).await;
        for (what, response) in [
            ("text", response(200, &[("content-type", "text/plain")], b"OK")),
            ("an error object", response(200, &[JSON], br#"{"code":"Blocked","message":"m"}"#)),
            ("another error object", response(200, &[JSON], br#"{"error":{"message":"m"}}"#)),
            ("a problem", response(200, &[("content-type", "application/problem+json")], br#"{"title":"x"}"#)),
            ("a mislabelled page", response(200, &[JSON], b"<!doctype html><html>")),
            ("a page", response(200, &[("content-type", "text/html")], b"<html>")),
            ("gzip", response(200, &[JSON, ("content-encoding", "gzip")], b"\x1f\x8b\x08\0\0\0\0\0")),
            ("gzip that is not declared", response(200, &[JSON], b"\x1f\x8b\x08\0\0\0\0\0")),
            ("utf-16", response(200, &[JSON], &utf16)),
            ("a byte order mark", response(200, &[JSON], b"\xef\xbb\xbf{}")),
            ("nul bytes", response(200, &[], &[0; 9])),
            ("a json text", response(200, &[JSON], b"\"OK\"")),
            ("a number", response(200, &[JSON], b"1")),
            ("a part", response(206, &[JSON, ("content-range", "bytes 0-1/2")], b"{}")),
            ("many statuses", response(207, &[JSON], b"{}")),
            ("more than one value", response(200, &[JSON], b"{}{}")),
        ] {
            let what = format!("{what}, {route:?}");
            server.respond([response]);
            for error in server
                .errors_of_writes_without_body(&what)
                .await
                .iter()
                .chain(&server.errors_of_writes_with_body(&what).await)
            {
                assert_unknown(&what, error, ErrorKind::Decode);
                assert_eq!(error.attempts(), 1, "{what}");
                assert!(error.to_string().contains("is not the API's: "), "{what}: {error}");
            }
            let error = server.error_of_class(&what, Idempotency::Safe).await;
            assert_read(&what, &error, ErrorKind::Decode);
            assert_eq!(error.attempts(), 1, "{what}");
        }
        // Where the operation has no response body, any other JSON has another author, too.
        for body in [r#"{"ok":true}"#, "[]", "[null]", "{", r#"{"a":"#] {
            server.respond([response(200, &[JSON], body.as_bytes())]);
            for error in server.errors_of_writes_without_body(body).await {
                assert_unknown(body, &error, ErrorKind::Decode);
            }
        }
    }
}

#[tokio::test]
async fn an_empty_success_response_is_accepted_in_each_form() {
    for route in ROUTES {
        let server = Scripted::start(route).await;
        for (status, body) in [
            (200, ""),
            (200, " \r\n"),
            (200, "null"),
            (200, "{}"),
            (200, "{ }"),
            (201, ""),
            (203, ""),
            (204, ""),
            (205, ""),
        ] {
            server.respond([response(status, &[], body.as_bytes())]);
            let update = UpdateEnvironmentVariables::new().set("A", "1");
            let result = server.send(body, server.client.send(&update)).await;
            result.unwrap_or_else(|error| panic!("{status} {body:?} {route:?}: {error}"));
        }
    }
}

#[tokio::test]
async fn an_unreadable_success_response_counts_as_applied_and_names_the_operation_to_call() {
    for route in ROUTES {
        let server = Scripted::start(route).await;
        for (what, body, expected) in [
            ("empty", "", "the body is empty"),
            ("white space", " \n", "the body is empty"),
            ("null", "null", "expected an object"),
            ("a field is missing", "{}", "expected the field `"),
            ("cut off", r#"{"usageLimit":{"#, "the body ends too early"),
            ("cut off in the first name", r#"{"usag"#, "the body ends too early"),
            ("a list", "[]", "expected an object"),
        ] {
            let what = format!("{what}, {route:?}");
            server.respond([response(200, &[JSON], body.as_bytes())]);
            for error in server.errors_of_writes_with_body(&what).await {
                assert_applied(&what, &error);
                assert_eq!(error.attempts(), 1, "{what}");
                assert!(error.to_string().contains(expected), "{what}: {error}");
            }
            let error = server.error_of_class(&what, Idempotency::Safe).await;
            assert_read(&what, &error, ErrorKind::Decode);
        }
        // The operation took effect, whatever the outcome of an earlier attempt is.
        server.respond([response(502, &[], b""), response(200, &[JSON], b"{}")]);
        let error = server.error_of_class("after a 502", Idempotency::Idempotent).await;
        assert_eq!((error.kind(), error.attempts(), error.is_applied()), (ErrorKind::Decode, 2, true), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_leaves_the_outcome_unknown() {
    for route in ROUTES {
        let server = Scripted::start(route).await;
        let to = ("location", "https://elsewhere.example/x");
        for status in [300, 301, 302, 303, 304, 305, 307, 308] {
            // A 304 is not a redirect.
            let failure = if status == 304 { ErrorKind::UnexpectedReply } else { ErrorKind::Redirect };
            let what = format!("{status}, {route:?}");
            server.respond([response(status, &[to], b"")]);
            for error in server
                .errors_of_writes_without_body(&what)
                .await
                .iter()
                .chain(&server.errors_of_writes_with_body(&what).await)
            {
                assert_unknown(&what, error, failure);
                assert_eq!(error.attempts(), 1, "{what}");
            }
            let error = server.error_of_class(&what, Idempotency::Safe).await;
            assert_read(&what, &error, failure);
            assert_eq!(error.attempts(), 1, "{what}");
            assert_eq!(
                error.to_string().contains("to elsewhere.example was not followed"),
                failure == ErrorKind::Redirect,
                "{error}"
            );
        }
    }
}

/// HTTP/2 has no upgrades.
#[tokio::test]
async fn an_unrequested_upgrade_leaves_the_outcome_unknown() {
    for route in ROUTES.into_iter().filter(|route| !route.http2) {
        let server = Scripted::start(route).await;
        server.respond([response(101, &[("upgrade", "x"), ("connection", "upgrade")], b"")]);
        for error in server
            .errors_of_writes_without_body("101")
            .await
            .iter()
            .chain(&server.errors_of_writes_with_body("101").await)
        {
            assert_unknown("101", error, ErrorKind::UnexpectedReply);
            assert_eq!(error.attempts(), 1);
        }
        assert_read("101", &server.error_of_class("101", Idempotency::Safe).await, ErrorKind::UnexpectedReply);
    }
}

#[tokio::test]
async fn waits_for_a_short_retry_after_and_fails_on_a_long_one() {
    for route in ROUTES {
        let server = Scripted::start(route).await;
        for (value, seconds) in [("31", 31), ("86400", 86_400), ("99999999999999999999", u64::MAX)] {
            for (status, body) in
                [(429, ""), (429, r#"{"code":"TooManyWrites"}"#), (503, r#"{"code":"ExpiredInQueue"}"#)]
            {
                let what = format!("{status} {body} {value}, {route:?}");
                for class in CLASSES {
                    server.respond([response(status, &[("retry-after", value)], body.as_bytes())]);
                    let error = server.error_of_class(&what, class).await;
                    assert_eq!((error.attempts(), error.is_applied(), error.verify_with()), (1, false, None), "{what}");
                    assert_ne!(error.kind(), ErrorKind::OutcomeUnknown, "{what}: {error:?}");
                    assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)), "{what}");
                    assert!(error.to_string().ends_with(&format!(" (retry after {seconds} s)")), "{what}: {error}");
                }
            }
        }
        // The client waits for a short `Retry-After`.
        let busy = response(429, &[("retry-after", "0")], b"");
        for class in CLASSES {
            server.respond([busy.clone(), response(200, &[JSON], SUCCESS.as_bytes())]);
            classes::send(&server.client, class).await.unwrap_or_else(|error| panic!("{class:?}, {route:?}: {error}"));
        }
        server.respond([busy]);
        let error = server.error_of_class("a short wait", Idempotency::NonIdempotent).await;
        assert_eq!((error.attempts(), error.retry_after()), (ATTEMPTS, Some(Duration::ZERO)), "{error:?}");
    }
}

#[tokio::test]
async fn unknown_statuses_from_500_on_count_as_500() {
    for route in ROUTES {
        let server = Scripted::start(route).await;
        for status in [500, 502, 520, 521, 522, 523, 524, 527, 529, 530, 598, 599, 555, 600, 999] {
            for class in CLASSES {
                let what = format!("{status}, {class:?}, {route:?}");
                server.respond([response(status, &[("content-type", "text/html")], b"<html>")]);
                let error = server.error_of_class(&what, class).await;
                let idempotent = class != Idempotency::NonIdempotent;
                assert_eq!(error.attempts(), if idempotent { ATTEMPTS } else { 1 }, "{what}");
                match class {
                    Idempotency::Safe => assert_read(&what, &error, ErrorKind::UnexpectedReply),
                    _ => assert_unknown(&what, &error, ErrorKind::UnexpectedReply),
                }
                if idempotent {
                    server.respond([response(status, &[], b""), response(200, &[JSON], SUCCESS.as_bytes())]);
                    classes::send(&server.client, class).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                }
            }
        }
        // A retry would get the same response.
        for status in [501, 505, 511] {
            server.respond([response(status, &[], b"")]);
            let error = server.error_of_class("a final 5xx", Idempotency::Idempotent).await;
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 1), "{status}");
        }
    }
}

#[tokio::test]
async fn an_error_states_what_is_wrong_with_a_response_and_which_attempt_may_have_taken_effect() {
    let limit = r#"{"id":"x","metric":"functionCalls","window":"day","limitType":"disable","limit":1,"enabled":true}"#;
    for route in ROUTES {
        let server = Scripted::start(route).await;
        for (response, expected) in [
            (
                response(200, &[JSON, ("content-encoding", "gzip")], b"\x1f\x8b\x08"),
                "the body has a `content-encoding` that was not asked for: expected `identity` instead of `gzip`",
            ),
            (
                response(400, &[JSON, ("content-encoding", "br")], b"\x1f\x8b\x08"),
                "got 400 with a body that is not the API's, encoded with `br`",
            ),
            (
                response(200, &[JSON], format!(r#"{{"usageLimit":{limit},"usageLimit":{limit}}}"#).as_bytes()),
                "expected the field `usageLimit` once;",
            ),
            (response(200, &[JSON], b"[]"), "the body has another shape: expected an object;"),
            (response(200, &[JSON], br#"{"usageLimit":[]}"#), "expected an object;"),
            (response(200, &[JSON], br#"{"usageLimit":7}"#), "expected an object;"),
        ] {
            server.respond([response]);
            let error = server.error_of_class(expected, Idempotency::NonIdempotent).await;
            assert!(error.to_string().contains(expected), "{route:?}: {error}");
            assert!(!error.to_string().contains("struct"), "{route:?}: {error}");
        }
        server.respond([response(502, &[], b""), response(403, &[JSON], br#"{"code":"BadDeployKey"}"#)]);
        let error = server.error_of_class("rejected after a 502", Idempotency::Idempotent).await;
        assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, ErrorKind::Api), "{error:?}");
        let expected = "; an earlier attempt may have taken effect; call list_usage_limits to check (2 attempts in ";
        assert!(error.to_string().contains(expected), "{route:?}: {error}");
    }
}
