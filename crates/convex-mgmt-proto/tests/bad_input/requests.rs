//! Requests with values that a URL or a body cannot carry.

use std::collections::BTreeSet;

use bytes::Bytes;
use convex_mgmt_proto::deployment::GetLogStream;
use convex_mgmt_proto::samples::{SampleApi, SampleRequest};
use convex_mgmt_proto::{Api, BuildError, DecodeError, DeploymentApi, Operation, OperationMeta, RequestEncoder};

use crate::operations::{self, all};
use crate::url::values;

/// The names of the texts in the path of an operation.
fn path_texts(operation: &operations::Operation) -> BTreeSet<&'static str> {
    let requests = (operation.requests)().into_iter().map(|sample| sample.checked.unwrap());
    let names = requests.flat_map(|request| {
        let values = values(operation.meta, request.uri());
        values.into_iter().filter(|value| value.in_path && value.is_text()).map(|value| value.name).collect::<Vec<_>>()
    });
    names.collect()
}

#[test]
fn a_url_text_stays_one_value_or_is_rejected_by_name() {
    let (mut with_path, mut with_query) = (0, 0);
    for operation in all() {
        for (text, encoded) in [
            ("j57f", "j57f"),
            ("a/b", "a%2Fb"),
            ("../x", "..%2Fx"),
            ("..%2f", "..%252f"),
            ("%", "%25"),
            ("...", "..."),
            ("é\u{202e}", "%C3%A9%E2%80%AE"),
            ("a b?c#d&e=f", "a%20b%3Fc%23d%26e%3Df"),
            ("\r\nx: y", "%0D%0Ax%3A%20y"),
            ("\0", "%00"),
        ] {
            for sample in (operation.with_url_text)(text) {
                let request = sample.unchecked.unwrap_or_else(|error| panic!("{operation}: {text:?}: {error}"));
                let mut texts = values(operation.meta, request.uri());
                texts.retain(|value| value.is_text());
                assert!(!texts.is_empty(), "{operation}: {text:?} is not in {}", request.uri());
                assert!(texts.iter().all(|value| value.text == encoded), "{operation}: {text:?}: {}", request.uri());
            }
        }
        let in_path = path_texts(&operation);
        for text in ["", ".", ".."] {
            for sample in (operation.with_url_text)(text) {
                match sample.unchecked {
                    Err(BuildError::PathValue { field, .. }) => {
                        assert!(in_path.contains(field), "{operation}: {field}")
                    }
                    Err(error) => panic!("{operation}: {text:?}: {error}"),
                    Ok(request) => {
                        assert!(in_path.is_empty(), "{operation}: {text:?} is sent as a segment of the path");
                        let values = values(operation.meta, request.uri());
                        assert!(values.iter().any(|value| value.text == text), "{operation}: {}", request.uri());
                    }
                }
            }
        }
        for sample in (operation.with_url_text)(&"x".repeat(1 << 20)) {
            assert!(matches!(sample.unchecked, Err(BuildError::Url { .. })), "{operation}");
            *if in_path.is_empty() { &mut with_query } else { &mut with_path } += 1;
        }
    }
    assert!(with_path >= 6 && with_query >= 2, "only {with_path} in paths and {with_query} in queries");
}

/// Requests with `text` in a body: in the secrets, or in any text of a sample if there are none.
fn with_text(operation: &operations::Operation, text: &str) -> Vec<SampleRequest> {
    let with_secret = (operation.with_secret)(text);
    #[cfg(feature = "serde-all")]
    if with_secret.is_empty() {
        let bodies = (operation.requests)().into_iter().map(|sample| sample.unchecked.unwrap().into_body());
        let texts: Vec<_> = bodies.flat_map(|body| crate::new_values::texts(&body)).collect();
        let mut read = texts.iter().filter_map(|(body, pointer)| {
            let mut body = body.clone();
            *body.pointer_mut(pointer)? = text.into();
            (operation.from_body)(&body.to_string())?.ok()
        });
        let with_text = read.next();
        assert!(with_text.is_some() || texts.is_empty(), "{operation}: `from_body` reads no body with another text");
        return with_text.into_iter().collect();
    }
    with_secret
}

#[test]
fn a_body_over_the_limit_fails_to_build() {
    let long = "x".repeat(2 << 20);
    let mut checked = 0;
    for operation in all().filter(|operation| operation.meta.api == DeploymentApi::KEY) {
        let samples = with_text(&operation, &long);
        checked += usize::from(!samples.is_empty());
        for SampleRequest { unchecked, .. } in samples {
            let Err(BuildError::BodyTooLarge { length, limit, .. }) = unchecked else {
                panic!("{operation}: {:?}", unchecked.map(|request| request.body().len()))
            };
            assert!(length > limit && Some(limit) == DeploymentApi::BODY_LIMIT, "{operation}: {length} of {limit}");
        }
    }
    // The operations without a secret need `from_body`.
    let expected = if cfg!(feature = "serde-all") { 7 } else { 4 };
    assert!(checked >= expected, "only {checked}");
}

/// An operation that does not encode the path parameter that it declares.
struct Careless;

impl Operation for Careless {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta = GetLogStream::META;

    fn encode(&self, _request: &mut RequestEncoder) -> Result<(), BuildError> {
        Ok(())
    }

    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[test]
fn an_operation_that_omits_its_path_parameter_fails_to_build() {
    let built = Careless.to_request(&DeploymentApi::endpoint());
    assert!(matches!(built, Err(BuildError::Template { operation: "get_log_stream" })));
}
