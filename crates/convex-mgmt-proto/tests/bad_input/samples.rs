//! The samples of each operation are complete, and each of them does what it is a sample of.

use std::collections::BTreeSet;

use bytes::Bytes;
use convex_mgmt_proto::samples::fields;
use convex_mgmt_proto::{Api, BuildError, ErrorCode, ManagementApi};
use http::Response;

use crate::operations::all;
use crate::url::values;

/// The codes for invalid values that every operation has.
const GENERAL: [ErrorCode; 4] =
    [ErrorCode::BadJsonBody, ErrorCode::BadPathArgs, ErrorCode::BadQueryArgs, ErrorCode::InternalServerError];

#[test]
fn every_sample_request_builds_and_sets_every_query_parameter() {
    let mut checked = 0;
    for operation in all() {
        let requests = (operation.requests)();
        assert!(!requests.is_empty(), "{operation}: `requests` is empty");
        let mut set = BTreeSet::new();
        for sample in &requests {
            let request = sample.checked.as_ref().unwrap_or_else(|error| panic!("{operation}: {sample:?}: {error}"));
            set.extend(values(operation.meta, request.uri()).into_iter().map(|value| value.name));
            checked += 1;
        }
        for name in operation.meta.query {
            assert!(set.contains(name), "{operation}: no request of `requests` sets `{name}`");
        }
    }
    assert!(checked > 100, "only {checked}");
}

#[test]
fn every_operation_with_a_response_body_has_sample_responses_that_decode() {
    let mut checked = 0;
    for operation in all() {
        let responses = (operation.responses)();
        match operation.meta.empty_response {
            true => assert!(responses.is_empty(), "{operation}: `responses` has bodies, and the response has none"),
            false => assert!(!responses.is_empty(), "{operation}: `responses` is empty, and the response has a body"),
        }
        let mut found: Vec<(String, String)> = Vec::new();
        for body in &responses {
            let read = (operation.read)(Response::new(Bytes::from(body.to_string())));
            read.unwrap_or_else(|error| panic!("{operation}: {body}: {error}"));
            found.extend(fields(body));
            checked += 1;
        }
        for name in [operation.optional, operation.removable, operation.mixed, operation.secret].concat() {
            assert!(found.iter().any(|(_, field)| field == name), "{operation}: no sample response has `{name}`");
        }
        for part in operation.free {
            assert!(found.iter().any(|(pointer, _)| pointer.contains(part)), "{operation}: `FREE` matches no {part}");
        }
    }
    assert!(checked > 25, "only {checked}");
}

#[test]
fn an_operation_has_invalid_samples_exactly_if_it_declares_a_check() {
    for operation in all() {
        let is_empty = (operation.invalid)().is_empty();
        match operation.declares_check() {
            true => assert!(!is_empty, "{operation}: `invalid` is empty, and the operation declares a `check`"),
            false => assert!(is_empty, "{operation}: `invalid` has requests, and the operation declares no `check`"),
        }
    }
}

#[test]
fn an_invalid_request_fails_to_build_with_its_field_named_and_builds_unchecked() {
    let mut checked = 0;
    for operation in all() {
        for (sample, field) in (operation.invalid)() {
            let Err(BuildError::Invalid(violations)) = &sample.checked else {
                panic!("{operation}: {sample:?} builds")
            };
            let named: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
            assert!(matches!(named[..], [one] if one.starts_with(field)), "{operation}: {named:?} instead of {field}");
            for violation in violations {
                let Some(code) = &violation.code else {
                    assert_eq!(operation.meta.api, ManagementApi::KEY, "{operation}: {violation} has no code");
                    continue;
                };
                let declared = operation.meta.codes.contains(code) || GENERAL.contains(code);
                assert!(declared, "{operation}: `codes` lacks {}", code.as_str());
            }
            sample.unchecked.unwrap_or_else(|error| panic!("{operation}: {field}: {error}"));
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked}");
}

#[test]
fn every_text_of_a_url_is_covered_by_with_url_text() {
    let mut checked = 0;
    for operation in all() {
        let (requests, with_text) = ((operation.requests)(), (operation.with_url_text)("some-text"));
        let mut covered = BTreeSet::new();
        for sample in &with_text {
            let request = sample.unchecked.as_ref().unwrap_or_else(|error| panic!("{operation}: {sample:?}: {error}"));
            let values = values(operation.meta, request.uri());
            covered.extend(values.into_iter().filter(|value| value.text == "some-text").map(|value| value.name));
        }
        for request in requests.iter().filter_map(|sample| sample.checked.as_ref().ok()) {
            for text in values(operation.meta, request.uri()).into_iter().filter(|value| value.is_text()) {
                assert!(covered.contains(text.name), "{operation}: `with_url_text` leaves out `{}`", text.name);
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "only {checked}");
}

#[test]
fn every_operation_with_a_secret_request_sends_the_secrets_of_with_secret_and_does_not_show_them() {
    const CANARY: &str = "Ca7aRyq7Zk0vX3";
    let mut checked = 0;
    for operation in all() {
        let samples = (operation.with_secret)(CANARY);
        assert!(!samples.is_empty() || !operation.meta.secret_request, "{operation}: `with_secret` is empty");
        for sample in samples {
            let body = sample.unchecked.unwrap_or_else(|error| panic!("{operation}: {error}")).into_body();
            let body = String::from_utf8_lossy(&body).into_owned();
            assert!(body.contains(CANARY), "{operation}: {} does not send its secret", sample.debug);
            assert!(!sample.debug.contains(CANARY), "{operation}: {} shows its secret", sample.debug);
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked}");
}

#[test]
fn secret_response_fields_are_not_shown() {
    let mut checked = 0;
    for operation in all() {
        let has_secret = !operation.meta.secret_response || !operation.secret.is_empty();
        assert!(has_secret, "{operation}: `SECRET` names no field of its secret response");
        for good in (operation.responses)() {
            for (pointer, _) in fields(&good).into_iter().filter(|(_, name)| operation.secret.contains(&name.as_str()))
            {
                let mut body = good.clone();
                let Some(text) = body.pointer_mut(&pointer) else { panic!("{operation}: {pointer}") };
                *text = "https://hooks.example/Ca7aRyq7Zk0vX3".into();
                let output = (operation.read)(Response::new(Bytes::from(body.to_string())));
                let output = output.unwrap_or_else(|error| panic!("{operation}: {pointer}: {error}"));
                assert!(!output.debug.contains("Ca7aRyq7Zk0vX3"), "{operation}: {pointer}: {}", output.debug);
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "only {checked}");
}

#[test]
fn an_operation_declares_secrets_exactly_if_a_sample_has_one() {
    // The `Debug` text of a `Secret`. A redacted URL also shows its origin or its length.
    let has_secret = |debug: &str| debug.replace("/[redacted]", "").contains("[redacted]");
    for operation in all() {
        let in_request = (operation.requests)().iter().any(|sample| has_secret(&sample.debug));
        assert_eq!(operation.meta.secret_request, in_request, "{operation}: `flags: [secret_request]`");
        let in_response = (operation.responses)().into_iter().any(|body| {
            let output = (operation.read)(Response::new(Bytes::from(body.to_string())));
            output.is_ok_and(|output| has_secret(&output.debug))
        });
        assert_eq!(operation.meta.secret_response, in_response, "{operation}: `flags: [secret_response]`");
    }
}

#[cfg(feature = "serde-all")]
#[test]
fn the_body_of_every_sample_request_is_read_by_from_body() {
    let mut checked = 0;
    for operation in all() {
        for request in (operation.requests)().into_iter().filter_map(|sample| sample.checked.ok()) {
            let body = std::str::from_utf8(request.body()).unwrap();
            let read = match (operation.from_body)(body) {
                None if body.is_empty() => continue,
                None => panic!("{operation}: `from_body` is missing, and the request has a body"),
                Some(_) if body.is_empty() => panic!("{operation}: `body` is missing, and `from_body` reads one"),
                Some(read) => read,
            };
            let read = read.unwrap_or_else(|error| panic!("{operation}: {body}: {error}"));
            assert_eq!(read.checked.unwrap().body(), request.body(), "{operation}");
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked}");
}
