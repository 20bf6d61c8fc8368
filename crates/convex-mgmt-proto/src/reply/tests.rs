//! Answers of every kind, told apart.

use super::*;

fn open(status: u16, headers: &[(&str, &str)], body: &str) -> Result<(Head, Bytes), ResponseError> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Reply::open(response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
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
    assert!(error.to_string().contains("(deployment:env:write)"), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[test]
fn an_unknown_code_is_kept_and_shown_only_if_it_is_a_word() {
    let error = refused(400, &[], r#"{"code":"NewCode"}"#);
    assert_eq!(error.to_string(), "the server answered 400 NewCode");
    let error = refused(400, &[], r#"{"code":"canary canary"}"#);
    assert_eq!(error.to_string(), "the server answered 400 [unprintable code]");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    assert!(matches!(error, ResponseError::Api(api) if api.code.as_str() == "canary canary"));
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
    ] {
        let error = refused(status, headers, body);
        assert!(matches!(error, ResponseError::Unexpected(_)), "{error:?}");
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn a_redirect_names_the_host_and_nothing_else() {
    let error = refused(308, &[("location", "https://u:canary@elsewhere.example/canary")], "");
    assert_eq!(error.to_string(), "a redirect (308) to elsewhere.example was not followed: check the URL");
    assert!(!format!("{error:?}").contains("canary"));
    assert!(matches!(refused(302, &[], ""), ResponseError::Redirect(Redirect { host: None, .. })));
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
fn retry_after_is_read_as_seconds_and_as_a_date() {
    let now = "Sun, 28 Feb 2027 23:59:50 GMT";
    for (text, date, expected) in [
        ("0", None, Some(0)),
        (" 12 ", None, Some(12)),
        ("-1", None, None),
        ("1.5", None, None),
        ("soon", Some(now), None),
        ("Mon, 01 Mar 2027 00:00:10 GMT", Some(now), Some(20)),
        ("Mon, 01 Mar 2027 00:00:10 GMT", None, None),
        ("Mon, 01 Mar 2027 00:00:10 GMT", Some("now"), None),
        // Past dates, the leap day, and the end of a year.
        ("Sun, 28 Feb 2027 23:59:40 GMT", Some(now), Some(0)),
        ("Wed, 01 Mar 2028 00:00:00 GMT", Some("Mon, 28 Feb 2028 00:00:00 GMT"), Some(2 * 86_400)),
        ("Mon, 01 Mar 2100 00:00:00 GMT", Some("Sun, 28 Feb 2100 00:00:00 GMT"), Some(86_400)),
        ("Fri, 01 Jan 2027 00:00:00 GMT", Some("Thu, 31 Dec 2026 23:59:59 GMT"), Some(1)),
        ("Mon, 00 Mar 2027 00:00:10 GMT", Some(now), None),
        ("Mon, 01 Mar 2027 25:00:10 GMT", Some(now), None),
        ("Mon, 01 Mar 2027 00:00:10 CET", Some(now), None),
        ("Mon, 01 Mar 99999999999 00:00:10 GMT", Some(now), None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn an_error_keeps_a_bounded_part_of_a_body() {
    assert_eq!(refused(500, &[], &"x".repeat(KEPT_BODY + 1)).body().len(), KEPT_BODY);
}
