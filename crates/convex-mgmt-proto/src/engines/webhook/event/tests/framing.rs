//! The two framings of a batch.

use bytes::Bytes;
use serde_json::Value;

use super::super::*;
use super::samples;
use crate::{DecodeError, DecodeErrorKind};

fn texts() -> Vec<String> {
    samples().iter().map(Value::to_string).collect()
}

fn read(body: impl Into<Bytes>) -> Result<Batch, DecodeError> {
    super::super::read(&body.into())
}

/// Returns the texts of the events, or panics if one cannot be read.
fn events(body: impl Into<Bytes>) -> Vec<String> {
    read(body).unwrap().into_iter().map(|event| event.unwrap().as_str().to_owned()).collect()
}

#[test]
fn reads_an_array_and_lines() {
    assert_eq!(events(format!("[{}]", texts().join(","))), texts());
    assert_eq!(events(texts().join("\n")), texts());
    for one in texts() {
        assert_eq!(events(format!("[{one}]")), std::slice::from_ref(&one));
        assert_eq!(events(one.clone()), [one]);
    }
    assert!(read("[]").unwrap().is_empty() && read(" [ ]\n").unwrap().is_empty());
}

#[test]
fn skips_white_space_between_events() {
    let spaced = |open: &str, comma: &str, close: &str| events(format!("{open}{}{close}", texts().join(comma)));
    assert_eq!(spaced(" \r\n[\t", " ,\n ", "\n] \n"), texts());
    assert_eq!(spaced("\n \r\n", "\r\n", "\r\n"), texts());
    assert_eq!(spaced("", "\n\n \n", "\n\n"), texts());
    // Pretty-printed arrays. An event of lines has one line.
    let pretty = serde_json::to_string_pretty(&samples()).unwrap();
    assert_eq!(read(pretty).unwrap().events().count(), texts().len());
}

#[test]
fn events_are_slices_of_the_body() {
    for body in [format!("[{}]", texts().join(", ")), texts().join("\n")] {
        let body = Bytes::from(body);
        let range = body.as_ptr_range();
        for event in super::super::read(&body).unwrap().events() {
            let text = event.as_bytes().as_ptr_range();
            assert!(range.start <= text.start && text.end <= range.end);
            let owned = event.clone().into_owned();
            assert!(!range.contains(&owned.as_bytes().as_ptr()));
            assert_eq!(&owned, event);
        }
    }
}

#[test]
fn an_event_that_cannot_be_read_does_not_affect_the_others() {
    let good = texts();
    for bad in [
        "{}",
        "1",
        "null",
        "\"{\"",
        "[[{}],1]",
        r#"{"topic":"console","timestamp":1,"convex":{"deployment_name":"n"}}"#,
    ] {
        for place in [0, 5, good.len()] {
            let mut texts = good.clone();
            texts.insert(place, bad.to_owned());
            let mut bodies = vec![format!("[{}]", texts.join(","))];
            // The first byte of lines is that of an object.
            if place > 0 || bad.starts_with('{') {
                bodies.push(texts.join("\n"));
            }
            for body in bodies {
                let batch = read(body).unwrap();
                assert_eq!(batch.events().map(Event::as_str).collect::<Vec<_>>(), good);
                let errors: Vec<_> = batch.errors().map(|error| (error.index(), error.as_bytes().clone())).collect();
                assert_eq!(errors, [(place, Bytes::from(bad))]);
                assert!(batch.iter().nth(place).unwrap().is_err());
                assert_eq!(batch.len(), good.len() + 1);
            }
        }
    }
}

#[test]
fn a_line_that_is_not_json_is_an_error_of_its_event() {
    let good = &texts()[0];
    for bad in ["{\"a\":", "{} {}", "canary", "{\"a\":\"\u{1}canary\"}", &format!("{good}{good}"), &format!("{good},")]
    {
        let batch = read(format!("{good}\n{bad}\n{good}")).unwrap();
        assert_eq!(batch.events().map(Event::as_str).collect::<Vec<_>>(), [good, good]);
        let error = batch.errors().next().unwrap();
        assert_eq!(error.index(), 1);
        let texts = format!("{error} {error:?} {:?}", error.decode_error());
        assert!(texts.starts_with("event 1 of the batch cannot be read"), "{texts}");
        assert!(!texts.contains("canary"), "{texts}");
    }
}

#[test]
fn an_array_that_is_not_json_is_an_error_of_the_whole() {
    let good = &texts()[0];
    for (body, kind) in [
        (format!("[{good}"), DecodeErrorKind::Truncated),
        (format!("[{good},"), DecodeErrorKind::Truncated),
        (format!("[{good},]"), DecodeErrorKind::Syntax),
        (format!("[,{good}]"), DecodeErrorKind::Syntax),
        (format!("[{good} {good}]"), DecodeErrorKind::Syntax),
        (format!("[{good}]]"), DecodeErrorKind::Syntax),
        (format!("[{good}] x"), DecodeErrorKind::Syntax),
        (format!("[{good}]\n[{good}]"), DecodeErrorKind::Syntax),
        (format!("[{good},{{\"a\":01}}]"), DecodeErrorKind::Syntax),
        (format!("[{}", &good[..good.len() - 1]), DecodeErrorKind::Truncated),
    ] {
        let error = read(body.clone()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        assert_eq!(error.line, body.lines().count(), "{body}");
    }
}

#[test]
fn a_body_of_neither_framing_is_an_error_of_the_whole() {
    for (body, kind) in [
        ("", DecodeErrorKind::Empty),
        (" \r\n\t", DecodeErrorKind::Empty),
        ("null", DecodeErrorKind::Shape),
        ("\"[]\"", DecodeErrorKind::Shape),
        ("7", DecodeErrorKind::Shape),
        ("<html>canary</html>", DecodeErrorKind::Syntax),
        ("\u{feff}[]", DecodeErrorKind::Syntax),
        ("topic=canary", DecodeErrorKind::Syntax),
    ] {
        let error = read(body).unwrap_err();
        assert_eq!(error.kind, kind, "{body:?}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    assert_eq!(read(&b"[\"\xff\"]"[..]).unwrap_err().kind, DecodeErrorKind::Charset);
    assert_eq!(read(&b"{\"a\xc3"[..]).unwrap_err().kind, DecodeErrorKind::Truncated);
}

#[test]
fn too_many_events_that_cannot_be_read_are_an_error_of_the_whole() {
    for (open, comma, close) in [("[", ",", "]"), ("", "\n", "")] {
        let body = |count: usize| format!("{open}{}{close}", vec!["{}"; count].join(comma));
        assert_eq!(read(body(1024)).unwrap().errors().count(), 1024);
        assert_eq!(read(body(1025)).unwrap_err().expected, "events of a log stream");
    }
    let many = vec![texts()[0].clone(); 5000];
    assert_eq!(read(many.join("\n")).unwrap().events().count(), 5000);
}

#[test]
fn deep_nesting_is_skipped_or_kept() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let unknown = texts()[0].replace("\"message\"", &format!("\"new\":{deep},\"message\""));
    let audit = samples().into_iter().find(|sample| sample["topic"] == "custom_audit").unwrap();
    let audit = audit.to_string().replace(&audit["body"].to_string(), &deep);
    for body in [format!("[{unknown},{audit}]"), format!("{unknown}\n{audit}")] {
        assert_eq!(events(body), [unknown.clone(), audit.clone()]);
    }
    assert!(read("[".repeat(1_000_000)).is_err());
}

#[test]
fn events_of_several_deployments_keep_their_own() {
    let names = ["a", "a", "b", "a"];
    let event = |name: &&str| texts()[0].replace("happy-animal-123", name);
    let body = names.iter().map(event).collect::<Vec<_>>().join("\n");
    let batch = read(body).unwrap();
    assert_eq!(batch.events().map(|event| event.deployment().name.as_str()).collect::<Vec<_>>(), names);
}
