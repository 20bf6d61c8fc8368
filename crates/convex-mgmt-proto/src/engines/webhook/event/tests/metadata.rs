//! The internal encoding of audit log metadata.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::AuditLogMetadata;
use crate::DecodeErrorKind;
use crate::deployment::data_sync::Value;

fn value(json: &str) -> Value {
    AuditLogMetadata::new(json).value().unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn decodes_every_wrapper() {
    assert_eq!(value(r#"{"$integer":"ZAAAAAAAAAA="}"#), Value::Int64(100));
    assert_eq!(value(r#"{"$integer":"AAAAAAAAAIA="}"#), Value::Int64(i64::MIN));
    assert_eq!(value(r#"{"$float":"AAAAAAAA+H8="}"#), Value::Float64(f64::NAN));
    assert_eq!(value(r#"{"$float":"AAAAAAAA8H8="}"#), Value::Float64(f64::INFINITY));
    assert_eq!(value(r#"{"$float":"AAAAAAAA8P8="}"#), Value::Float64(f64::NEG_INFINITY));
    assert_eq!(value(r#"{"$float":"AAAAAAAAAIA="}"#), Value::Float64(-0.0));
    assert_eq!(value(r#"{"$bytes":"ABCD"}"#), Value::Bytes(vec![0x00, 0x10, 0x83]));
    assert_eq!(value(r#"{"\u0024integer":"ZAAAAAAAAAA="}"#), Value::Int64(100));
}

#[test]
fn a_number_is_a_float_however_it_is_spelled() {
    for (json, float) in
        [("1", 1.0), ("1.0", 1.0), ("-7", -7.0), ("1e21", 1e21), ("0.1", 0.1), ("9007199254740993", 9007199254740992.0)]
    {
        assert_eq!(value(json), Value::Float64(float), "{json}");
    }
}

#[test]
fn text_that_looks_like_a_number_is_text() {
    // The same entry has this form in `list_audit_log_events`.
    assert_eq!(value(r#"{"limit":"100"}"#), Value::Object([("limit".to_owned(), "100".into())].into()));
}

#[test]
fn an_object_with_more_fields_is_not_a_wrapper() {
    let Value::Object(fields) = value(r#"{"$integer":"ZAAAAAAAAAA=","a":1}"#) else { panic!() };
    assert_eq!(fields["$integer"], "ZAAAAAAAAAA=".into());
}

#[test]
fn an_error_names_the_place_and_shows_no_value() {
    for (json, path) in [
        (r#"{"a":[1,{"$integer":"canary"}]}"#, "a[1]"),
        (r#"{"a":{"b":{"$integer":"ABCD"}}}"#, "a.b"),
        (r#"{"$integer":100}"#, ""),
        (r#"{"a":{"$float":"ABCD"}}"#, "a"),
        (r#"[{"$bytes":"canary!"}]"#, "[0]"),
    ] {
        let error = AuditLogMetadata::new(json).value().unwrap_err();
        assert_eq!((error.kind, error.path.as_str()), (DecodeErrorKind::Shape, path), "{json}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    assert_eq!(AuditLogMetadata::new("").value().unwrap_err().kind, DecodeErrorKind::Truncated);
    assert_eq!(AuditLogMetadata::new("{").value().unwrap_err().kind, DecodeErrorKind::Truncated);
    assert_eq!(AuditLogMetadata::new("{} x").value().unwrap_err().kind, DecodeErrorKind::Syntax);
    assert_eq!(AuditLogMetadata::new("[".repeat(100_000)).value().unwrap_err().kind, DecodeErrorKind::Syntax);
    assert_eq!(format!("{:?}", AuditLogMetadata::new("canary")), "AuditLogMetadata(6 bytes)");
}

/// Writes a value in the internal encoding, as the server does.
fn internal(value: &Value) -> serde_json::Value {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;
    match value {
        Value::Int64(integer) => json!({"$integer": STANDARD.encode(integer.to_le_bytes())}),
        Value::Float64(float) if !float.is_finite() || float.to_bits() == (-0.0_f64).to_bits() => {
            json!({"$float": STANDARD.encode(float.to_le_bytes())})
        }
        Value::Float64(float) => json!(float),
        Value::Bytes(bytes) => json!({"$bytes": STANDARD.encode(bytes)}),
        Value::Array(items) => items.iter().map(internal).collect(),
        Value::Object(fields) => {
            serde_json::Value::Object(fields.iter().map(|(name, field)| (name.clone(), internal(field))).collect())
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Int64),
        any::<u64>().prop_map(|bits| Value::Float64(f64::from_bits(bits))),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(1e21), Just(f64::NAN)].prop_map(Value::Float64),
        ".{0,8}".prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z_][ -~]{0,5}", inner, 0..5).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #[test]
    fn decodes_every_value_bit_by_bit(value in any_value()) {
        let text = internal(&value).to_string();
        prop_assert_eq!(AuditLogMetadata::new(text.clone()).value().unwrap(), value.clone(), "{}", text);
        let nested = Value::Object(BTreeMap::from([("a".to_owned(), Value::Array(vec![value]))]));
        prop_assert_eq!(AuditLogMetadata::new(internal(&nested).to_string()).value().unwrap(), nested);
    }
}
