//! The change to bodies in which `null` means the same as an absent field.

use serde_json::Value;

/// Removes each field that is `null`.
pub(super) fn without_nulls(request: &mut Value) {
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
}
