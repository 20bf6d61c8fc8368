//! What an answer proves: whose it is, what became of the operation, and what the caller is told. Over each way to reach a
//! server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::RequestDestination;
use convex_mgmt::deployment::log_streams::{DatadogSiteLocation, NewDatadog, WebhookUpdate};
use convex_mgmt::deployment::{
    CreateLogStream, DeleteLogStream, DeleteUsageLimit, PauseDeployment, RotateWebhookSecret, UnpauseDeployment,
    UpdateCanonicalUrl, UpdateEnvironmentVariables, UpdateLogStream, UpdateUsageLimit,
};
use convex_mgmt::proto::OPERATIONS;
use convex_mgmt::{
    DeploymentClient, Error, ErrorKind, Idempotency, Operation, OperationMeta, RetryBudget, RetryPolicy, Sent,
};
use convex_mgmt_suite::classes::{self, CLASSES, DONE, create, usage_limit};
use convex_mgmt_suite::ways::{Answering, WAYS, Way};
use http::Response;

/// How many attempts a call may have here.
const ATTEMPTS: u32 = 2;

/// A server that gives the answers it is told to, and a client of it.
struct Told {
    answers: Arc<Mutex<Vec<Response<Bytes>>>>,
    server: Answering,
    client: DeploymentClient,
}

impl Told {
    async fn start(way: Way) -> Self {
        let answers = Arc::new(Mutex::new(Vec::<Response<Bytes>>::new()));
        let given = Arc::clone(&answers);
        // The last answer stays.
        let server = Answering::start(way, move |_| {
            let mut answers = given.lock().unwrap();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        });
        let server = server.await;
        let policy = RetryPolicy::default().max_attempts(ATTEMPTS).base_delay(Duration::from_millis(1));
        let client = server.client().retry(policy).retry_budget(RetryBudget::new(10_000)).build().unwrap();
        Self { answers, server, client }
    }

    fn answer(&self, answers: impl IntoIterator<Item = Response<Bytes>>) {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
    }

    /// Sends, and checks that each attempt was one request.
    async fn send<T>(&self, what: &str, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let before = self.server.requests().len();
        let result = call.await;
        if let Err(error) = &result {
            let requests = self.server.requests().len() - before;
            assert_eq!((error.attempts() as usize, error.sent()), (requests, Sent::Maybe), "{what}: {error:?}");
        }
        result
    }

    async fn error<O: Operation<Api = convex_mgmt::DeploymentApi>>(&self, what: &str, operation: &O) -> Error {
        let what = format!("{what}: {}", O::META.id);
        let result = self.send(&what, self.client.send(operation)).await;
        result.err().unwrap_or_else(|| panic!("{what}: a success"))
    }

    /// The errors of all operations without a reply body.
    async fn without_reply(&self, what: &str) -> Vec<Error> {
        let errors = vec![
            self.error(what, &UpdateEnvironmentVariables::new().set("A", "1")).await,
            self.error(what, &UpdateCanonicalUrl::reset(RequestDestination::ConvexSite)).await,
            self.error(what, &PauseDeployment::new()).await,
            self.error(what, &UnpauseDeployment::new()).await,
            self.error(what, &DeleteUsageLimit::new("x")).await,
            self.error(what, &DeleteLogStream::new("x")).await,
            self.error(what, &UpdateLogStream::new("x", WebhookUpdate::new().url("https://x.example"))).await,
        ];
        let all = |meta: &&&OperationMeta| meta.empty_response;
        assert_eq!(errors.len(), OPERATIONS.iter().filter(all).count(), "an operation is missing here");
        errors
    }

    /// The errors of writes with a reply body.
    async fn with_reply(&self, what: &str) -> Vec<Error> {
        vec![
            self.error(what, &create()).await,
            self.error(what, &UpdateUsageLimit::new("x", usage_limit())).await,
            self.error(what, &CreateLogStream::new(NewDatadog::new(DatadogSiteLocation::Eu, "made up"))).await,
            self.error(what, &RotateWebhookSecret::new("x")).await,
        ]
    }

    /// The error of an operation of this class.
    async fn of_class(&self, what: &str, class: Idempotency) -> Error {
        let what = format!("{what}: {class:?}");
        let result = self.send(&what, classes::send(&self.client, class)).await;
        result.err().unwrap_or_else(|| panic!("{what}: a success"))
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::copy_from_slice(body)).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// A write of which an answer proves nothing.
fn assert_unknown(what: &str, error: &Error, failure: ErrorKind) {
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, failure), "{what}: {error:?}");
    let place = error.operation().verify_with;
    assert_eq!((error.is_applied(), error.verify_with()), (false, place), "{what}: {error:?}");
    let next = place.map(|id| format!(": call {id} to check")).unwrap_or_default();
    let text = error.to_string();
    assert!(text.contains(&format!("; it may have been carried out{next}")), "{what}: {text}");
}

/// A write that was done, and whose reply is lost.
fn assert_applied(what: &str, error: &Error) {
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::Decode, ErrorKind::Decode), "{what}: {error:?}");
    let place = error.operation().verify_with;
    assert!(error.is_applied() && error.verify_with() == place && place.is_some(), "{what}: {error:?}");
    let expected = format!("; the operation was carried out: call {} to find the result", place.unwrap_or_default());
    assert!(error.to_string().ends_with(&expected), "{what}: {error}");
}

/// A read, of which nothing can be done or undone.
fn assert_read(what: &str, error: &Error, failure: ErrorKind) {
    assert_eq!((error.kind(), error.cause_kind()), (failure, failure), "{what}: {error:?}");
    assert_eq!((error.is_applied(), error.verify_with()), (false, None), "{what}: {error:?}");
    assert!(!error.to_string().contains("carried out"), "{what}: {error}");
}

#[tokio::test]
async fn a_success_of_somebody_elses_proves_nothing() {
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for way in WAYS {
        let told = Told::start(way).await;
        for (what, answer) in [
            ("text", answer(200, &[("content-type", "text/plain")], b"OK")),
            ("an error object", answer(200, &[JSON], br#"{"code":"Blocked","message":"m"}"#)),
            ("another error object", answer(200, &[JSON], br#"{"error":{"message":"m"}}"#)),
            ("a problem", answer(200, &[("content-type", "application/problem+json")], br#"{"title":"x"}"#)),
            ("a mislabelled page", answer(200, &[JSON], b"<!doctype html><html>")),
            ("a page", answer(200, &[("content-type", "text/html")], b"<html>")),
            ("gzip", answer(200, &[JSON, ("content-encoding", "gzip")], b"\x1f\x8b\x08\0\0\0\0\0")),
            ("gzip that is not declared", answer(200, &[JSON], b"\x1f\x8b\x08\0\0\0\0\0")),
            ("utf-16", answer(200, &[JSON], &utf16)),
            ("a byte order mark", answer(200, &[JSON], b"\xef\xbb\xbf{}")),
            ("nul bytes", answer(200, &[], &[0; 9])),
            ("a json text", answer(200, &[JSON], b"\"OK\"")),
            ("a number", answer(200, &[JSON], b"1")),
            ("a part", answer(206, &[JSON, ("content-range", "bytes 0-1/2")], b"{}")),
            ("many statuses", answer(207, &[JSON], b"{}")),
            ("more than one value", answer(200, &[JSON], b"{}{}")),
        ] {
            let what = format!("{what}, {way:?}");
            told.answer([answer]);
            for error in told.without_reply(&what).await.iter().chain(&told.with_reply(&what).await) {
                assert_unknown(&what, error, ErrorKind::Decode);
                assert_eq!(error.attempts(), 1, "{what}");
                assert!(error.to_string().contains("is not the API's: "), "{what}: {error}");
            }
            let error = told.of_class(&what, Idempotency::Safe).await;
            assert_read(&what, &error, ErrorKind::Decode);
            assert_eq!(error.attempts(), 1, "{what}");
        }
        // Without a reply body any other JSON is somebody else's, too.
        for body in [r#"{"ok":true}"#, "[]", "[null]", "{", r#"{"a":"#] {
            told.answer([answer(200, &[JSON], body.as_bytes())]);
            for error in told.without_reply(body).await {
                assert_unknown(body, &error, ErrorKind::Decode);
            }
        }
    }
}

#[tokio::test]
async fn a_success_without_a_reply_body_may_be_written_in_more_than_one_way() {
    for way in WAYS {
        let told = Told::start(way).await;
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
            told.answer([answer(status, &[], body.as_bytes())]);
            let update = UpdateEnvironmentVariables::new().set("A", "1");
            let result = told.send(body, told.client.send(&update)).await;
            result.unwrap_or_else(|error| panic!("{status} {body:?} {way:?}: {error}"));
        }
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_was_carried_out_and_says_where_its_result_is() {
    for way in WAYS {
        let told = Told::start(way).await;
        for (what, body, told_what) in [
            ("empty", "", "the body is empty"),
            ("white space", " \n", "the body is empty"),
            ("null", "null", "expected an object"),
            ("a field is missing", "{}", "expected the field `"),
            ("cut off", r#"{"usageLimit":{"#, "the body ends too early"),
            ("cut off in the first name", r#"{"usag"#, "the body ends too early"),
            ("a list", "[]", "expected an object"),
        ] {
            let what = format!("{what}, {way:?}");
            told.answer([answer(200, &[JSON], body.as_bytes())]);
            for error in told.with_reply(&what).await {
                assert_applied(&what, &error);
                assert_eq!(error.attempts(), 1, "{what}");
                assert!(error.to_string().contains(told_what), "{what}: {error}");
            }
            let error = told.of_class(&what, Idempotency::Safe).await;
            assert_read(&what, &error, ErrorKind::Decode);
        }
        // It was, whatever became of an attempt before.
        told.answer([answer(502, &[], b""), answer(200, &[JSON], b"{}")]);
        let error = told.of_class("after a 502", Idempotency::Idempotent).await;
        assert_eq!((error.kind(), error.attempts(), error.is_applied()), (ErrorKind::Decode, 2, true), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_or_an_upgrade_proves_nothing() {
    for way in WAYS {
        let told = Told::start(way).await;
        let to = ("location", "https://elsewhere.example/x");
        for status in [300, 301, 302, 303, 304, 305, 307, 308] {
            // "Not modified" leads nowhere.
            let failure = if status == 304 { ErrorKind::UnexpectedReply } else { ErrorKind::Redirect };
            let what = format!("{status}, {way:?}");
            told.answer([answer(status, &[to], b"")]);
            for error in told.without_reply(&what).await.iter().chain(&told.with_reply(&what).await) {
                assert_unknown(&what, error, failure);
                assert_eq!(error.attempts(), 1, "{what}");
            }
            let error = told.of_class(&what, Idempotency::Safe).await;
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
async fn an_upgrade_that_was_not_asked_for_proves_nothing() {
    for way in WAYS.into_iter().filter(|way| !way.http2) {
        let told = Told::start(way).await;
        told.answer([answer(101, &[("upgrade", "x"), ("connection", "upgrade")], b"")]);
        for error in told.without_reply("101").await.iter().chain(&told.with_reply("101").await) {
            assert_unknown("101", error, ErrorKind::UnexpectedReply);
            assert_eq!(error.attempts(), 1);
        }
        assert_read("101", &told.of_class("101", Idempotency::Safe).await, ErrorKind::UnexpectedReply);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_long_wait_is_not_asked_again() {
    for way in WAYS {
        let told = Told::start(way).await;
        for (asked, seconds) in [("31", 31), ("86400", 86_400), ("99999999999999999999", u64::MAX)] {
            for (status, body) in
                [(429, ""), (429, r#"{"code":"TooManyWrites"}"#), (503, r#"{"code":"ExpiredInQueue"}"#)]
            {
                let what = format!("{status} {body} {asked}, {way:?}");
                for class in CLASSES {
                    told.answer([answer(status, &[("retry-after", asked)], body.as_bytes())]);
                    let error = told.of_class(&what, class).await;
                    assert_eq!((error.attempts(), error.is_applied(), error.verify_with()), (1, false, None), "{what}");
                    assert_ne!(error.kind(), ErrorKind::OutcomeUnknown, "{what}: {error:?}");
                    assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)), "{what}");
                    assert!(error.to_string().ends_with(&format!(" (retry after {seconds} s)")), "{what}: {error}");
                }
            }
        }
        // What is short is waited for.
        let busy = answer(429, &[("retry-after", "0")], b"");
        for class in CLASSES {
            told.answer([busy.clone(), answer(200, &[JSON], DONE.as_bytes())]);
            classes::send(&told.client, class).await.unwrap_or_else(|error| panic!("{class:?}, {way:?}: {error}"));
        }
        told.answer([busy]);
        let error = told.of_class("a short wait", Idempotency::NonIdempotent).await;
        assert_eq!((error.attempts(), error.retry_after()), (ATTEMPTS, Some(Duration::ZERO)), "{error:?}");
    }
}

#[tokio::test]
async fn statuses_of_edges_are_as_502_and_what_is_not_known_as_500() {
    for way in WAYS {
        let told = Told::start(way).await;
        for status in [500, 502, 520, 521, 522, 523, 524, 527, 529, 530, 598, 599, 555, 600, 999] {
            for class in CLASSES {
                let what = format!("{status}, {class:?}, {way:?}");
                told.answer([answer(status, &[("content-type", "text/html")], b"<html>")]);
                let error = told.of_class(&what, class).await;
                let harmless = class != Idempotency::NonIdempotent;
                assert_eq!(error.attempts(), if harmless { ATTEMPTS } else { 1 }, "{what}");
                match class {
                    Idempotency::Safe => assert_read(&what, &error, ErrorKind::UnexpectedReply),
                    _ => assert_unknown(&what, &error, ErrorKind::UnexpectedReply),
                }
                if harmless {
                    told.answer([answer(status, &[], b""), answer(200, &[JSON], DONE.as_bytes())]);
                    classes::send(&told.client, class).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                }
            }
        }
        // The same request would meet the same again.
        for status in [501, 505, 511] {
            told.answer([answer(status, &[], b"")]);
            let error = told.of_class("a final 5xx", Idempotency::Idempotent).await;
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 1), "{status}");
        }
    }
}

#[tokio::test]
async fn an_error_says_what_is_wrong_with_an_answer_and_which_attempt_may_have_been_carried_out() {
    let limit = r#"{"id":"x","metric":"functionCalls","window":"day","limitType":"disable","limit":1,"enabled":true}"#;
    for way in WAYS {
        let told = Told::start(way).await;
        for (answer, expected) in [
            (
                answer(200, &[JSON, ("content-encoding", "gzip")], b"\x1f\x8b\x08"),
                "the body has a `content-encoding` that was not asked for: expected `identity` instead of `gzip`",
            ),
            (
                answer(400, &[JSON, ("content-encoding", "br")], b"\x1f\x8b\x08"),
                "got 400 with a body that is not the API's, encoded with `br`",
            ),
            (
                answer(200, &[JSON], format!(r#"{{"usageLimit":{limit},"usageLimit":{limit}}}"#).as_bytes()),
                "expected the field `usageLimit` once;",
            ),
            (answer(200, &[JSON], b"[]"), "the body has another shape: expected an object;"),
            (answer(200, &[JSON], br#"{"usageLimit":[]}"#), "expected an object;"),
            (answer(200, &[JSON], br#"{"usageLimit":7}"#), "expected an object;"),
        ] {
            told.answer([answer]);
            let error = told.of_class(expected, Idempotency::NonIdempotent).await;
            assert!(error.to_string().contains(expected), "{way:?}: {error}");
            assert!(!error.to_string().contains("struct"), "{way:?}: {error}");
        }
        told.answer([answer(502, &[], b""), answer(403, &[JSON], br#"{"code":"BadDeployKey"}"#)]);
        let error = told.of_class("refused after a 502", Idempotency::Idempotent).await;
        assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, ErrorKind::Api), "{error:?}");
        let expected =
            "; an earlier attempt may have been carried out: call list_usage_limits to check (2 attempts in ";
        assert!(error.to_string().contains(expected), "{way:?}: {error}");
    }
}
