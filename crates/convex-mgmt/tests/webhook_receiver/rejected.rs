//! Deliveries that are not from the server, or that are changed, old or too large.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Folder, Receiver, SECRET, signed};

/// A body with an event of this age in seconds.
fn body(age: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let time = i64::try_from(now).unwrap() - 1000 * age;
    format!(
        r#"[{{"timestamp":{time},"topic":"log_stream_egress","egress_bytes":1,"convex":{{"deployment_name":"a"}}}}]"#
    )
}

#[test]
fn a_delivery_without_exactly_one_correct_signature_is_rejected() {
    let folder = Folder::new("signatures");
    folder.write_secrets(&[SECRET]);
    let mut receiver = Receiver::start(&folder);
    let text = body(0);
    let header = signed(SECRET, &text);
    let digits = header.rsplit('=').next().unwrap();
    let other = "0".repeat(64);
    let cases: [(&[String], &str); 9] = [
        (&[], "is missing"),
        (&[header.clone(), header.clone()], "occurs more than once"),
        (&[header.clone(), format!("X-Webhook-Signature: sha256={other}")], "occurs more than once"),
        (&[format!("x-webhook-signature: sha256={}", digits.to_uppercase())], "upper-case"),
        (&[format!("x-webhook-signature: sha1={digits}")], "does not begin with `sha256=`"),
        (&[format!("x-webhook-signature: {digits}")], "does not begin with `sha256=`"),
        (&[format!("x-webhook-signature: sha256={}", &digits[1..])], "63 bytes"),
        (&[format!("x-webhook-signature: sha256={other}")], "matches no secret"),
        (&[signed("another secret", &text)], "matches no secret"),
    ];
    for (headers, expected) in cases {
        assert_eq!(receiver.post(headers, text.as_bytes()), Some(401), "{expected}");
        let line = receiver.line();
        assert!(line.starts_with("401: ") && line.contains(expected), "{line}");
    }
    let header = [header];
    assert_eq!(receiver.post(&header, text.replace("1,\"convex", "2,\"convex").as_bytes()), Some(401));
    assert!(!folder.state().exists());
    assert_eq!(receiver.post(&header, text.as_bytes()), Some(200));
    assert_eq!(folder.usage()["deployments"][0]["log_stream_egress_bytes"], 1);
}

/// Sends the head of a delivery, and returns when the receiver reads the body.
fn begin(receiver: &Receiver, secret: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&receiver.address).unwrap();
    let (header, length) = (signed(secret, text), text.len());
    write!(
        stream,
        "POST /convex HTTP/1.1\r\nhost: receiver\r\nconnection: close\r\nexpect: 100-continue\r\n\
         content-length: {length}\r\n{header}\r\n\r\n"
    )
    .unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
fn concurrent_deliveries_with_a_new_secret_are_all_asked_for_again() {
    let folder = Folder::new("concurrent");
    folder.write_secrets(&["another secret"]);
    let receiver = Receiver::start(&folder);
    let text = body(0);
    let streams: Vec<TcpStream> = (0..3).map(|_| begin(&receiver, SECRET, &text)).collect();
    folder.write_secrets(&[SECRET]);
    // The server drops a batch after a 401. Only the first of these deliveries sees that the file has changed.
    for mut stream in streams {
        stream.write_all(text.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
    }
    assert_eq!(receiver.deliver(SECRET, &text), Some(200));
}

#[test]
fn old_and_unreadable_bodies_are_rejected_although_they_are_signed() {
    let folder = Folder::new("bodies");
    folder.write_secrets(&[SECRET]);
    let mut receiver = Receiver::start(&folder);
    for (text, expected) in [
        (body(31 * 60), "before the receiver's clock"),
        (body(-6 * 60), "after the receiver's clock"),
        (String::new(), "the body cannot be read"),
        ("[{]".to_owned(), "the body cannot be read"),
        ("hello".to_owned(), "the body cannot be read"),
    ] {
        assert_eq!(receiver.deliver(SECRET, &text), Some(400), "{text}");
        let line = receiver.line();
        assert!(line.starts_with("400: ") && line.contains(expected), "{line}");
    }
    assert!(!folder.state().exists());
    // As late as the last retry.
    assert_eq!(receiver.deliver(SECRET, &body(8 * 60)), Some(200));
}

#[test]
fn an_event_without_a_topic_does_not_lose_the_others() {
    let folder = Folder::new("no-topic");
    folder.write_secrets(&[SECRET]);
    let mut receiver = Receiver::start(&folder);
    let text = body(0).replace("}}]", r#"}},{"timestamp":1,"canary":2}]"#);
    assert_eq!(receiver.deliver(SECRET, &text), Some(200));
    assert_eq!(receiver.line(), "not counted: event 1 of the batch cannot be read: expected the field `topic`");
    let usage = folder.usage();
    assert_eq!(usage["deliveries"], serde_json::json!({"batches": 1, "events": 2, "unread_events": 1}));
    assert_eq!(usage["deployments"][0]["log_stream_egress_bytes"], 1);
}

#[test]
fn fifty_megabytes_are_rejected_and_the_next_delivery_is_accepted() {
    let folder = Folder::new("large");
    folder.write_secrets(&[SECRET]);
    let mut receiver = Receiver::start(&folder);
    let large = " ".repeat(50 << 20);
    // The receiver stops reading, so the status may be lost.
    let status = receiver.deliver(SECRET, &large);
    assert!(status.is_none_or(|status| status == 413), "{status:?}");
    assert!(receiver.line().starts_with("413: the body has more than 16777216 bytes"));
    assert!(!folder.state().exists());
    assert_eq!(receiver.deliver(SECRET, &body(0)), Some(200));
}
