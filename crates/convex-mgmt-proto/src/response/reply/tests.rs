//! Responses: successes, errors of the server, and everything else.

use http::Method;

use super::*;
use crate::metadata::{DeploymentApi, Idempotency};
use crate::response::DecodeErrorKind;

const OPERATION: OperationMeta =
    OperationMeta::new::<DeploymentApi>("x", Method::POST, "/x", Idempotency::NonIdempotent);

fn open(status: u16, headers: &[(&str, &str)], body: &str) -> Result<(Head, Bytes), ResponseError> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Reply::open(&OPERATION, response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> ResponseError {
    open(status, headers, body).err().expect("not a success")
}

#[test]
fn an_error_of_the_server_keeps_everything_and_shows_no_message() {
    let body = r#"{"code":"OperationNotPermitted","message":"canary (deployment:env:write).","more":1}"#;
    let error = refused(403, &[("retry-after", "7")], body);
    let ResponseError::Api(api) = &error else { panic!("{error:?}") };
    assert_eq!(api.code, ErrorCode::OperationNotPermitted);
    assert_eq!(api.message(), "canary (deployment:env:write).");
    assert_eq!(api.missing_permission(), Some("deployment:env:write"));
    assert_eq!(api.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(error.body(), body.as_bytes());
    let summary = "the server returned 403 OperationNotPermitted (deployment:env:write) (retry after 7 s)";
    assert_eq!(api.summary().to_string(), summary);
    let text = summary.replace(" (d", ": the credential is valid but lacks the permission for this operation (d");
    assert_eq!(error.to_string(), text);
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[test]
fn an_unknown_code_is_kept_and_shown_only_if_it_is_a_word() {
    let error = refused(400, &[], r#"{"code":"NewCode"}"#);
    assert_eq!(error.to_string(), "the server returned 400 NewCode");
    let error = refused(400, &[], r#"{"code":"canary canary"}"#);
    assert_eq!(error.to_string(), "the server returned 400 [unprintable code]");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    assert!(matches!(error, ResponseError::Api(api) if api.code.as_str() == "canary canary"));
}

#[test]
fn a_code_without_a_remedy_points_to_the_message() {
    for code in ["InvalidEmail", "BadJsonBody"] {
        let error = refused(400, &[("retry-after", "7")], &format!(r#"{{"code":"{code}","message":"canary"}}"#));
        let text = format!(
            "the server returned 400 {code}: read the server's message with `ApiError::message` (retry after 7 s)"
        );
        assert_eq!(error.to_string(), text);
        let ResponseError::Api(api) = error else { panic!("{error:?}") };
        assert_eq!(api.summary().to_string(), format!("the server returned 400 {code} (retry after 7 s)"));
    }
    // Nobody can correct a failure of the server.
    let error = refused(503, &[], r#"{"code":"SomethingNew","message":"canary"}"#);
    assert_eq!(error.to_string(), "the server returned 503 SomethingNew");
}

#[test]
fn a_permission_that_is_not_one_is_not_shown() {
    for message in ["none", "(canary)", "(a:b canary)", "canary)", "(a:b"] {
        let error = refused(403, &[], &format!(r#"{{"code":"OperationNotPermitted","message":"{message}"}}"#));
        assert!(matches!(&error, ResponseError::Api(api) if api.missing_permission().is_none()), "{message}");
    }
}

#[test]
fn what_is_not_the_servers_error_says_so() {
    for (status, headers, body, expected) in [
        (404, &[][..], "", "got 404 with an empty body: check that the URL"),
        (408, &[], "", "got 408 with an empty body: the server took too long"),
        (502, &[("content-type", "text/html")], "<html>canary</html>", "got 502 with a web page"),
        (502, &[], "  <!doctype html>canary", "got 502 with a web page"),
        (500, &[], "[]", "got 500 with a body that is not the API's"),
        (500, &[], r#"["canary","canary"]"#, "got 500 with a body that is not the API's"),
        (500, &[], r#"{"code":""}"#, "got 500 with a body that is not the API's"),
        (500, &[], r#"{"code":7}"#, "got 500 with a body that is not the API's"),
        (101, &[], "", "got 101 with an empty body: a proxy or gateway"),
        (304, &[], "", "got 304 with an empty body: a proxy or gateway"),
        (
            400,
            &[("content-encoding", "GZip")],
            "\u{1f}",
            "got 400 with a body that is not the API's, encoded with `gzip`:",
        ),
        (
            400,
            &[("content-encoding", "canary")],
            "x",
            "got 400 with a body that is not the API's, in an unknown encoding:",
        ),
    ] {
        let error = refused(status, headers, body);
        assert!(matches!(error, ResponseError::Unexpected(_)), "{error:?}");
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn an_error_does_not_keep_a_large_body_in_memory() {
    for (length, kept, is_shared) in [(KEPT_BODY, KEPT_BODY, true), (KEPT_BODY + 1, KEPT_BODY, false)] {
        let body = Bytes::from(vec![b'x'; length]);
        let mut response = Response::new(body.clone());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        let error = Reply::open(&OPERATION, response).err().unwrap();
        assert_eq!((error.body().len(), !body.is_unique()), (kept, is_shared), "{length}");
    }
}

#[test]
fn a_redirect_names_the_host_and_nothing_else() {
    let error = refused(308, &[("location", "https://u:canary@elsewhere.example/canary")], "");
    assert_eq!(error.to_string(), "a redirect (308) to elsewhere.example was not followed: check the URL");
    assert!(!format!("{error:?}").contains("canary"));
    assert!(matches!(refused(302, &[], ""), ResponseError::Redirect(redirect) if redirect.host.is_none()));
    // It answers a condition that was not sent.
    assert!(matches!(refused(304, &[("location", "https://elsewhere.example")], ""), ResponseError::Unexpected(_)));
    let longest = |length| refused(302, &[("location", &format!("https://{}/", "h".repeat(length)))], "").to_string();
    assert!(longest(253).contains("hhh") && !longest(254).contains("hhh"));
}

#[test]
fn a_success_that_is_a_web_page_or_of_another_charset_is_refused() {
    let kind = |headers: &[(&str, &str)], body: &str| match refused(200, headers, body) {
        ResponseError::Decode(reply) => reply.error.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&[("content-type", "text/html; charset=utf-8")], "x"), DecodeErrorKind::Html);
    assert_eq!(kind(&[], "\n<html>"), DecodeErrorKind::Html);
    assert_eq!(kind(&[("content-type", "application/json; charset=ISO-8859-1")], "{}"), DecodeErrorKind::Charset);
    assert!(open(200, &[("content-type", "application/json; charset=\"UTF-8\"")], "{}").is_ok());
    assert!(open(204, &[], "").is_ok());
}

#[test]
fn a_deprecation_notice_reaches_success_and_error() {
    let headers = [("x-convex-deprecation-state", "UpgradeRequired"), ("x-convex-deprecation-message", "soon")];
    let (head, _) = open(200, &headers, "").ok().unwrap();
    let notice = head.with(()).deprecation.unwrap();
    assert_eq!((notice.state.as_str(), notice.message.as_str()), ("UpgradeRequired", "soon"));
    let error = refused(400, &headers, r#"{"code":"ClientVersionUnsupported","message":""}"#);
    assert!(matches!(error, ResponseError::Api(api) if api.deprecation == Some(notice)));
}

#[test]
fn an_error_keeps_a_bounded_part_of_a_body() {
    assert_eq!(refused(500, &[], &"x".repeat(KEPT_BODY + 1)).body().len(), KEPT_BODY);
}

#[test]
fn an_error_says_how_long_the_server_asks_to_wait() {
    for (status, body, expected) in [
        (
            429,
            r#"{"code":"TooManyWrites"}"#,
            "the server returned 429 TooManyWrites: send fewer requests at a time, or later",
        ),
        (503, r#"{"code":"SomethingNew"}"#, "the server returned 503 SomethingNew"),
        (503, "", "got 503 with an empty body: a proxy or gateway may have sent it"),
    ] {
        assert_eq!(refused(status, &[], body).to_string(), expected);
        assert_eq!(refused(status, &[], body).retry_after(), None);
        let error = refused(status, &[("retry-after", "86400")], body);
        assert_eq!(error.to_string(), format!("{expected} (retry after 86400 s)"));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(86_400)));
    }
}

#[test]
fn what_an_answer_proves_goes_by_its_status_and_by_who_made_it() {
    for (status, headers, body, maybe_applied) in [
        // Nothing says that the server refused it.
        (101, &[][..], "", true),
        (199, &[], "", true),
        (301, &[("location", "https://elsewhere.example")], "", true),
        (304, &[], "", true),
        (308, &[], "", true),
        (500, &[], "", true),
        (520, &[], "", true),
        (599, &[], "", true),
        (600, &[], "", true),
        (408, &[], "", true),
        (400, &[], r#"{"code":"X"}"#, false),
        (404, &[], "", false),
        (429, &[], "", false),
        (503, &[], r#"{"code":"CommitterFullError"}"#, false),
        // Successes that cannot be read: the API's own, and others.
        (200, &[("content-type", "application/json")], "{}", false),
        (200, &[("content-type", "text/plain")], "OK", true),
        (206, &[("content-type", "application/json")], "{}", true),
    ] {
        let error = match open(status, headers, body) {
            Err(error) => error,
            Ok((head, body)) => head.unreadable(DecodeError::new(DecodeErrorKind::Shape), body),
        };
        assert_eq!(error.maybe_applied(), maybe_applied, "{status} {body}: {error:?}");
    }
}
