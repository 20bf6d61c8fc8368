//! Responses with a 2xx status: those of the API, and those that prove nothing.

use http::{HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::*;
use crate::metadata::{DeploymentApi, Idempotency};

const WITH_REPLY: OperationMeta =
    OperationMeta::new::<DeploymentApi>("x", Method::POST, "/x", Idempotency::NonIdempotent);
const WITHOUT: OperationMeta =
    OperationMeta::new::<DeploymentApi>("x", Method::POST, "/x", Idempotency::NonIdempotent).empty_response();

const JSON: (&str, &str) = ("content-type", "application/json");

/// The kind of error that [`check`] returns.
fn found(operation: &OperationMeta, status: u16, head: &[(&str, &str)], body: &[u8]) -> Option<DecodeErrorKind> {
    let header =
        |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    let headers = head.iter().map(header).collect();
    let status = StatusCode::from_u16(status).unwrap();
    check(operation, status, &headers, &Bytes::copy_from_slice(body)).err().map(|error| error.kind)
}

#[test]
fn statuses_of_requests_that_are_never_made_are_not_successes() {
    for status in 200..300 {
        let expected = [206, 207, 208, 226].contains(&status).then_some(DecodeErrorKind::Status);
        assert_eq!(found(&WITHOUT, status, &[], b""), expected, "{status}");
        assert_eq!(found(&WITH_REPLY, status, &[JSON], b"{}"), expected, "{status}");
    }
}

#[test]
fn an_operation_without_a_reply_body_accepts_only_empty_forms() {
    for body in ["", " \r\n\t", "null", " null\n", "{}", "{ }", " {\n} "] {
        assert_eq!(found(&WITHOUT, 200, &[JSON], body.as_bytes()), None, "{body:?}");
        assert_eq!(found(&WITHOUT, 200, &[], body.as_bytes()), None, "{body:?}");
    }
    let not_empty = Some(DecodeErrorKind::NotEmpty);
    for (head, body, kind) in [
        (&[("content-type", "text/plain")][..], &b"OK"[..], not_empty),
        (&[JSON], br#"{"code":"Blocked","message":"m"}"#, not_empty),
        (&[JSON], br#"{"a":{}}"#, not_empty),
        (&[JSON], b"{}{}", not_empty),
        (&[JSON], b"{}x", not_empty),
        (&[JSON], b"{", not_empty),
        (&[JSON], b"}", not_empty),
        (&[JSON], b"[]", not_empty),
        (&[JSON], b"[{}]", not_empty),
        (&[JSON], b"true", not_empty),
        (&[JSON], b"nullnull", not_empty),
        (&[JSON], b"\x0cnull", not_empty),
        (&[JSON], b"{\x0c}", not_empty),
        (&[JSON], b"\"\"", not_empty),
        (&[JSON], b"0", not_empty),
        (&[], b"\0", not_empty),
        (&[], b"\0\0\0\0", not_empty),
        (&[], b"\xef\xbb\xbf", not_empty),
        (&[], b"\xef\xbb\xbf{}", not_empty),
        (&[], b"\xff\xfe{\0}\0", not_empty),
        (&[], b"\x1f\x8b\x08\0\0", not_empty),
        (&[], b"\x03\0\0\0\0\0\0\0\0\0", not_empty),
        (&[JSON], b"<html>", not_empty),
        (&[("content-type", "text/html")], b"", Some(DecodeErrorKind::Html)),
        (&[], b"<html>", Some(DecodeErrorKind::Html)),
        (&[JSON, ("content-encoding", "gzip")], b"{}", Some(DecodeErrorKind::Encoding)),
        (&[("content-type", "application/json; charset=utf-16")], b"{}", Some(DecodeErrorKind::Charset)),
    ] {
        assert_eq!(found(&WITHOUT, 200, head, body), kind, "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn an_unrequested_content_coding_is_named_if_it_is_known() {
    let error = |coding: &str| {
        // Each line is a header field.
        let headers = coding.split('\n').map(|coding| (CONTENT_ENCODING, coding.parse().unwrap()));
        let headers = HeaderMap::from_iter(headers);
        check(&WITH_REPLY, StatusCode::OK, &headers, &Bytes::from_static(b"x")).err().map(|error| error.to_string())
    };
    let unnamed = "the body has a `content-encoding` that was not asked for";
    for (coding, named) in [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        (" br ", "br"),
        ("zstd", "zstd"),
        ("deflate", "deflate"),
        ("gzip, br", "gzip"),
        ("identity,gzip", "gzip"),
        ("identity\ngzip", "gzip"),
    ] {
        assert_eq!(error(coding), Some(format!("{unnamed}: expected `identity` instead of `{named}`")), "{coding}");
    }
    for coding in ["canary", "canary, br", "identity\ncanary", "é"] {
        assert_eq!(error(coding).as_deref(), Some(unnamed), "{coding}");
    }
    for none in ["", " ", ",", "identity", "Identity", "identity, identity", "identity\n"] {
        assert_eq!(error(none), None, "{none:?}");
    }
    // An empty body has nothing to decode.
    assert_eq!(found(&WITHOUT, 200, &[("content-encoding", "gzip")], b""), None);
}

#[test]
fn an_unreadable_response_counts_as_the_apis_unless_its_body_contradicts() {
    for (of_the_api, body) in [
        // Empty forms.
        (true, &b""[..]),
        (true, b"\r\n"),
        (true, b"null"),
        // Other fields or types.
        (true, b"{}"),
        (true, b"[]"),
        (true, br#"{"usageLimit":{"id":7}}"#),
        (true, br#"[{"id":7},8]"#),
        (true, br#"{"usageLimit":{"limit":1e400,"text":"\ud800","codes":{"code":"x"}}}"#),
        // Cut off.
        (true, b"{"),
        (true, b"["),
        (true, br#"{"usageLim"#),
        (true, br#"{"usageLimit":"#),
        (true, b"{\"usageLimit\":{\"id\":\"\xc3"),
        (true, br#"[{"id":7},"#),
        (true, br#"{"limit":-"#),
        (true, br#"[1."#),
        (true, br#"[1.5E"#),
        (true, br#"[1.5e-"#),
        (true, br#"{"enabled":true"#),
        // Not JSON.
        (false, b"OK"),
        (false, b"hello"),
        (false, b"<html>"),
        (false, b"\0"),
        (false, b"\xef\xbb\xbf{}"),
        (false, b"\xef"),
        (false, b"null\xe2\x82"),
        (false, b"\xff\xfe{\0}\0"),
        (false, b"{\0}\0"),
        (false, b"\x1f\x8b\x08\0"),
        (false, b"{\"usageLimit\":\"\xff\"}"),
        (false, b"{usageLimit}"),
        (false, b"{'usageLimit':{}}"),
        (false, b"{\"usageLimit\":{},}"),
        (false, b"{}{}"),
        (false, b"{} <script>"),
        (false, b"[1]]"),
        (false, b"{}-"),
        (false, b"[--"),
        (false, b"{e"),
        // JSON values that are never a reply.
        (false, b"true"),
        (false, b"0"),
        (false, b"\"OK\""),
        (false, b"\"O"),
        (false, b"nul"),
        // Error objects, whole or cut off.
        (false, br#"{"code":"Blocked","message":"m"}"#),
        (false, br#"{"usageLimit":{},"code":403}"#),
        (false, br#"{"c\u006fde":"Blocked"}"#),
        (false, br#"{"error":{"message":"m"}}"#),
        (false, br#"{"data":null,"errors":[]}"#),
        (false, br#"{"code":"Bloc"#),
    ] {
        assert_eq!(is_the_apis(true, body), of_the_api, "{:?}", String::from_utf8_lossy(body));
        let nothing = matches!(body, b"" | b"\r\n" | b"null");
        assert_eq!(is_the_apis(false, body), nothing, "of another type: {:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn recognizes_the_content_type_of_json_in_any_spelling() {
    for (value, html, json, other_charset) in [
        ("", false, true, false),
        ("application/json", false, true, false),
        ("Application/JSON; Charset=UTF-8", false, true, false),
        ("application/json;charset=\"us-ascii\"", false, true, false),
        ("application/json; x=y; charset=latin1", false, true, true),
        ("application/problem+json", false, false, false),
        ("text/plain", false, false, false),
        ("Text/HTML;charset=x", true, false, true),
        ("application/xhtml+xml", true, false, false),
        (";;=", false, true, false),
    ] {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
        let of = ContentType::of(&headers, b"{}");
        assert_eq!((of.html, of.json, of.other_charset), (html, json, other_charset), "{value}");
    }
}

proptest! {
    #[test]
    fn an_operation_without_a_reply_body_rejects_all_other_bytes(body in any::<Vec<u8>>()) {
        let nothing = serde_json::from_slice::<serde_json::Value>(&body)
            .map_or(body.iter().all(u8::is_ascii_whitespace), |value| value.is_null() || value == serde_json::json!({}));
        prop_assert_eq!(found(&WITHOUT, 200, &[], &body).is_none(), nothing);
    }

    /// A reply counts as the API's at any length.
    #[test]
    fn a_truncated_reply_counts_as_the_apis(at in any::<prop::sample::Index>()) {
        let whole = "{\"usageLimit\":{\"id\":\"é\u{1f600}\\ud83d\\ude00\",\"limit\":[1.5e3,-1,true,null]}}".as_bytes();
        prop_assert!(is_the_apis(true, &whole[..at.index(whole.len())]));
    }
}
