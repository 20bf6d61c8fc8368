//! Responses that break the format, and responses that the API did not make.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use convex_mgmt_proto::samples::fields;
use convex_mgmt_proto::{DecodeError, DecodeErrorKind, ResponseError};
use http::Response;
use serde_json::{Value, json};

use crate::operations::{Operation, all};

/// A field of a sample response.
struct Field {
    operation: Operation,
    response: Value,
    pointer: String,
    name: String,
    /// `true` if any JSON is accepted below the field.
    is_free: bool,
}

impl Field {
    /// Every field of the sample responses of all operations.
    fn all() -> Vec<Self> {
        let mut all_fields = Vec::new();
        for operation in all() {
            for response in (operation.responses)() {
                for (pointer, name) in fields(&response) {
                    let is_free = operation.free.iter().any(|part| pointer.contains(part));
                    all_fields.push(Self { operation, response: response.clone(), pointer, name, is_free });
                }
            }
        }
        all_fields
    }

    /// The fields with a format.
    fn all_with_format() -> impl Iterator<Item = Self> {
        Self::all().into_iter().filter(|field| !field.is_free)
    }

    fn value(&self) -> &Value {
        self.response.pointer(&self.pointer).unwrap()
    }

    /// Decodes the response without the field.
    fn decode_without(&self) -> Result<(), DecodeError> {
        let mut response = self.response.clone();
        let (parent, name) = self.pointer.rsplit_once('/').unwrap();
        response.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        self.decode(response.to_string())
    }

    /// Decodes the response with another value in the field.
    fn decode_with(&self, value: &Value) -> Result<(), DecodeError> {
        self.decode_with_text(&value.to_string())
    }

    /// Decodes the response with this JSON text in the field.
    fn decode_with_text(&self, json: &str) -> Result<(), DecodeError> {
        let mut response = self.response.clone();
        *response.pointer_mut(&self.pointer).unwrap() = "THE VALUE".into();
        self.decode(response.to_string().replace("\"THE VALUE\"", json))
    }

    fn decode(&self, body: String) -> Result<(), DecodeError> {
        match (self.operation.read)(Response::new(Bytes::from(body))) {
            Ok(_) => Ok(()),
            Err(ResponseError::Decode(reply)) => Err(reply.error),
            Err(other) => panic!("{self}: {other:?}"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, field {}", self.operation, self.pointer)
    }
}

/// A field of an operation, by name.
type Name = (String, String);

/// Asserts that each of these fields was accepted without a value in at least one response.
fn assert_accepted(what: &str, names: fn(&Operation) -> Vec<&'static str>, accepted: &BTreeSet<Name>) {
    for operation in all() {
        for name in names(&operation) {
            let found = accepted.contains(&(operation.meta.to_string(), name.to_owned()));
            assert!(found, "{operation}: `{name}` is required in every response, and {what} has it");
        }
    }
}

#[test]
fn a_response_without_a_required_field_is_a_decode_error_that_names_it() {
    let (mut checked, mut accepted) = (0, BTreeSet::new());
    let may_be_missing = |operation: &Operation| [operation.optional, operation.removable].concat();
    for field in Field::all_with_format() {
        match field.decode_without() {
            Ok(()) => {
                let is_known = may_be_missing(&field.operation).contains(&field.name.as_str());
                assert!(is_known, "{field}: not required, and neither `OPTIONAL` nor `REMOVABLE` has it");
                accepted.insert((field.operation.meta.to_string(), field.name));
            }
            Err(error) => {
                // The reason why it is required may follow.
                let is_named = error.expected.starts_with(&format!("the field `{}`", field.name));
                assert!(error.kind == DecodeErrorKind::Shape && is_named, "{field}: {error:?}");
                checked += 1;
            }
        }
    }
    assert_accepted("`OPTIONAL` or `REMOVABLE`", may_be_missing, &accepted);
    assert!(checked > 220, "only {checked}");
}

#[test]
fn a_field_that_is_null_or_of_another_type_is_a_decode_error_with_its_path() {
    let (mut checked, mut accepted) = (0, BTreeSet::new());
    for field in Field::all_with_format() {
        let good = field.value();
        let mut wrong = vec![json!(true), json!("x"), json!(1), json!(["x", {}]), json!({"x": [1]})];
        wrong.retain(|one| std::mem::discriminant(one) != std::mem::discriminant(good) || one.is_array());
        if good.is_null() {
            wrong.retain(|one| !one.is_array());
        }
        if field.operation.mixed.contains(&field.name.as_str()) {
            wrong.retain(|one| !one.is_string() && !one.is_object());
        }
        let is_optional = field.operation.optional.contains(&field.name.as_str());
        if is_optional && field.decode_with(&Value::Null).is_ok() {
            accepted.insert((field.operation.meta.to_string(), field.name.clone()));
        } else {
            wrong.push(Value::Null);
        }
        for bad in wrong {
            let error = field.decode_with(&bad).expect_err(&format!("{field}: accepts {bad}"));
            // A list is read as the fields of an object in their order, so that the error may be at a later position.
            let is_located = error.kind == DecodeErrorKind::Shape && !error.path.is_empty();
            assert!(is_located || bad.is_array(), "{field}: {bad}: {error}");
            let text = error.to_string();
            let internal = [" struct ", " enum ", " variant ", "Reply"];
            assert!(!internal.iter().any(|word| text.contains(word)), "{field}: {text}");
            checked += 1;
        }
    }
    assert_accepted("`OPTIONAL`", |operation| operation.optional.to_vec(), &accepted);
    assert!(checked > 1300, "only {checked}");
}

#[test]
fn a_number_out_of_range_is_a_decode_error() {
    let mut checked = 0;
    for field in Field::all_with_format().filter(|field| field.value().is_number()) {
        let bad: &[&str] = if field.value().is_f64() {
            &["1e400", "-1e400"]
        } else {
            &["18446744073709551616", "1.5", "1e3", "-9223372036854775809"]
        };
        for bad in bad {
            let error = field.decode_with_text(bad).expect_err(&format!("{field}: accepts {bad}"));
            assert!(matches!(error.kind, DecodeErrorKind::Shape | DecodeErrorKind::Syntax), "{field}: {error}");
            checked += 1;
        }
    }
    assert!(checked > 130, "only {checked}");
}

/// Texts include the kinds of unions and the values of open enums.
#[test]
fn a_response_with_a_new_variant_or_value_in_any_text_decodes() {
    let mut checked = 0;
    for field in Field::all_with_format().filter(|field| field.value().is_string()) {
        field.decode_with(&json!("somethingNew")).unwrap_or_else(|error| panic!("{field}: {error}"));
        checked += 1;
    }
    assert!(checked > 150, "only {checked}");
}

#[test]
fn a_free_field_accepts_any_json() {
    let mut checked = 0;
    for field in Field::all().into_iter().filter(|field| field.is_free) {
        for value in [json!(true), json!("x"), json!(1), json!(["x", {}]), json!({"x": [1]})] {
            field.decode_with(&value).unwrap_or_else(|error| panic!("{field}: {value}: {error}"));
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked}");
}

const JSON: Option<&str> = Some("application/json");
const FOREIGN: &str = r#"{"code":"Blocked","message":"m"}"#;

impl Operation {
    /// Reads a response without decoding details.
    fn read_response(&self, status: u16, content_type: Option<&str>, body: &'static str) -> Result<(), ResponseError> {
        let mut response = Response::builder().status(status);
        if let Some(content_type) = content_type {
            response = response.header("content-type", content_type);
        }
        (self.read)(response.body(Bytes::from(body)).unwrap()).map(drop)
    }

    /// The kind of the decode error, and `true` if the operation was applied.
    fn decode_error(&self, status: u16, content_type: Option<&str>, body: &'static str) -> (DecodeErrorKind, bool) {
        match self.read_response(status, content_type, body) {
            Err(ResponseError::Decode(reply)) => (reply.error.kind, reply.applied),
            other => panic!("{self}: {body}: {other:?}"),
        }
    }
}

#[test]
fn an_error_response_that_the_api_did_not_make_is_unexpected_and_not_shown() {
    for operation in all() {
        for (status, content_type, body) in [
            (404, None, ""),
            (405, None, ""),
            (408, None, ""),
            (500, Some("text/plain"), "oops"),
            (502, Some("text/html"), "<html>canary</html>"),
            (503, JSON, "{\"code\":"),
            (503, JSON, "[\"canary\"]"),
            (400, JSON, r#"{"code":7,"message":"m"}"#),
        ] {
            let error = operation.read_response(status, content_type, body).unwrap_err();
            assert!(matches!(error, ResponseError::Unexpected(_)), "{operation}: {status}: {error:?}");
            assert_eq!(error.status(), status);
            assert!(!format!("{error} {error:?}").contains("canary"), "{operation}: {status}");
        }
        let new = operation.read_response(400, JSON, r#"{"code":"SomethingNew","message":"m"}"#).unwrap_err();
        let ResponseError::Api(new) = new else { panic!("{operation}: {new:?}") };
        assert_eq!(new.code.as_str(), "SomethingNew", "{operation}");
    }
}

#[test]
fn a_success_response_that_the_api_did_not_make_does_not_count_as_applied() {
    for operation in all() {
        for (status, content_type, body, expected) in [
            (206, JSON, r#"{"a":1}"#, DecodeErrorKind::Status),
            (207, None, "", DecodeErrorKind::Status),
            (200, Some("text/html"), "<html>", DecodeErrorKind::Html),
            (200, Some("application/json; charset=utf-16"), "{}", DecodeErrorKind::Charset),
        ] {
            assert_eq!(operation.decode_error(status, content_type, body), (expected, false), "{operation}: {body}");
        }
        let foreign: &[_] = if operation.meta.empty_response {
            &[(Some("text/plain"), "OK"), (JSON, FOREIGN), (JSON, "[]"), (JSON, "{"), (None, "\0")]
        } else {
            &[(JSON, FOREIGN), (JSON, "nonsense"), (Some("text/plain"), "OK")]
        };
        for (content_type, body) in foreign {
            let (kind, applied) = operation.decode_error(200, *content_type, body);
            let expected = match *body {
                _ if operation.meta.empty_response => DecodeErrorKind::NotEmpty,
                FOREIGN => DecodeErrorKind::Shape,
                _ => DecodeErrorKind::Syntax,
            };
            assert_eq!((kind, applied), (expected, false), "{operation}: {body:?}");
        }
    }
}

#[test]
fn an_empty_truncated_or_null_body_counts_as_applied() {
    for operation in all() {
        if operation.meta.empty_response {
            for body in ["", " ", "null", "{}"] {
                let read = operation.read_response(200, None, body);
                read.unwrap_or_else(|error| panic!("{operation}: {body:?}: {error}"));
            }
            continue;
        }
        let is_list = (operation.responses)().iter().any(Value::is_array);
        for (content_type, body, expected) in [
            (None, "", DecodeErrorKind::Empty),
            (JSON, if is_list { "[{\"" } else { "{\"" }, DecodeErrorKind::Truncated),
            (JSON, "null", DecodeErrorKind::Shape),
        ] {
            assert_eq!(operation.decode_error(200, content_type, body), (expected, true), "{operation}: {body}");
        }
    }
}
