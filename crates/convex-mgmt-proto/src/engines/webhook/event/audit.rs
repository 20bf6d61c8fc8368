//! [`AuditLogEntry`] and [`CustomAudit`]: the audit events of the deployment and of the app, and the encoding of metadata.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::deployment::audit_log::AuditLogAction;
use crate::deployment::data_sync::{self, Value};
use crate::response::{DecodeError, DecodeErrorKind, RawJson, decode};

/// The name of the wrapper for 64-bit integers.
const INTEGER: &str = "$integer";

/// An entry of the deployment's audit log. Topic `audit_log`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AuditLogEntry {
    /// The action.
    #[serde(rename = "audit_log_action")]
    pub action: AuditLogAction,
    /// The details. Their fields depend on the action.
    #[serde(rename = "audit_log_metadata")]
    pub metadata: AuditLogMetadata,
}

/// An audit event of the app itself. Topic `custom_audit`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CustomAudit {
    /// The JSON that the app logged.
    pub body: RawJson,
}

/// The details of an audit log entry: JSON that the event carries as a string, decoded on demand.
///
/// Its encoding differs from the metadata of [`ListAuditLogEvents`](crate::deployment::ListAuditLogEvents). Here, a 64-bit integer
/// is `{"$integer"}` with the base64 of its 8 bytes, little-endian. There, it is a string of digits. The same entry has both forms.
/// Source: convex-backend `crates/value/src/json`.
///
/// `Debug` shows the length only. Equality compares the texts.
///
/// ```
/// use convex_mgmt::deployment::data_sync::Value;
/// use convex_mgmt::webhook::AuditLogMetadata;
///
/// let metadata = AuditLogMetadata::new(r#"{"limit":{"$integer":"ZAAAAAAAAAA="},"ratio":1.0}"#);
/// let Value::Object(fields) = metadata.value()? else { panic!("an object") };
/// assert_eq!(fields["limit"], Value::Int64(100));
/// assert_eq!(fields["ratio"], Value::Float64(1.0));
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(transparent)]
pub struct AuditLogMetadata(String);

impl AuditLogMetadata {
    /// Keeps a text. [`AuditLogMetadata::value`] checks it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the JSON text, as the server spelled it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Decodes the JSON.
    ///
    /// A JSON number is a float, even if it is spelled as an integer. Wrappers contain the values that JSON lacks: `$integer`,
    /// `$float` and `$bytes`.
    ///
    /// # Errors
    /// A [`DecodeError`] with the position of the value that is not JSON, or not a Convex value.
    pub fn value(&self) -> Result<Value, DecodeError> {
        // The export encoding has the same wrappers, except for that of integers.
        let mut path = String::new();
        internal(data_sync::read_value(&self.0)?, &mut path)
    }
}

impl fmt::Debug for AuditLogMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditLogMetadata({} bytes)", self.0.len())
    }
}

/// Converts a value of the export encoding that was read from a text in the internal encoding. `path` leads to the value.
fn internal(value: Value, path: &mut String) -> Result<Value, DecodeError> {
    Ok(match value {
        // Conversion rounds to the nearest float, as parsing the number does.
        Value::Int64(number) => Value::Float64(number as f64),
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            let within = |(index, item)| at(path, &format!("[{index}]"), |path| internal(item, path));
            Value::Array(items.map(within).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => match fields.first_key_value() {
            Some((name, content)) if fields.len() == 1 && name == INTEGER => integer(content, path)?,
            _ => {
                let fields = fields.into_iter().map(|(name, field)| {
                    let dot = if path.is_empty() { "" } else { "." };
                    at(path, &format!("{dot}{name}"), |path| internal(field, path)).map(|field| (name, field))
                });
                Value::Object(fields.collect::<Result<_, _>>()?)
            }
        },
        other => other,
    })
}

/// Calls `read` with a longer path.
fn at<T>(path: &mut String, segment: &str, read: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push_str(segment);
    let value = read(path);
    path.truncate(length);
    value
}

/// Decodes the content of the wrapper of an integer.
fn integer(content: &Value, path: &str) -> Result<Value, DecodeError> {
    let bytes = match content {
        Value::String(text) => STANDARD.decode(text).ok(),
        _ => None,
    };
    let bytes = bytes.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()).ok_or_else(|| DecodeError {
        path: decode::fit_to_show(path),
        expected: "base64 of 8 bytes".to_owned(),
        ..DecodeError::new(DecodeErrorKind::Shape)
    })?;
    Ok(Value::Int64(i64::from_le_bytes(bytes)))
}
