//! The checks and the JSON of batches of changes of environment variables, for both APIs.

use crate::error::{ErrorCode, Violation};
use crate::request::json_text::JsonText;
use crate::types::Secret;
use crate::types::environment::{NAME_BYTES, VALUE_BYTES, is_name};

/// The JSON of one change. A change without a value deletes the variable.
pub(crate) struct ChangeFields<'a> {
    pub(crate) name: &'a str,
    /// Only default variables have one.
    pub(crate) deployment_type: Option<&'a str>,
    pub(crate) value: Option<&'a Secret>,
}

impl ChangeFields<'_> {
    /// Returns the length of the JSON if no character needs an escape.
    fn length(&self) -> usize {
        const FIELDS: usize = r#"{"name":"","value":null},"#.len();
        const TYPE_FIELD: usize = r#""deploymentType":"","#.len();
        let deployment_type = self.deployment_type.map_or(0, |text| TYPE_FIELD + text.len());
        FIELDS + self.name.len() + deployment_type + self.value.map_or(0, Secret::len)
    }
}

/// Writes `{"changes":[...]}`, the body of an update.
pub(crate) fn write_changes<'a>(json: &mut JsonText, changes: impl Iterator<Item = ChangeFields<'a>> + Clone) {
    const FRAME: usize = r#"{"changes":[]}"#.len();
    json.reserve(changes.clone().map(|change| change.length()).fold(FRAME, usize::saturating_add));
    // What closes a change is written together with what opens the next one.
    let mut is_first = true;
    for ChangeFields { name, deployment_type, value } in changes {
        if is_first {
            json.push(br#"{"changes":[{"name":""#);
        } else {
            json.push(br#"},{"name":""#);
        }
        is_first = false;
        json.push_text(name);
        if let Some(deployment_type) = deployment_type {
            json.push(br#"","deploymentType":""#);
            json.push_text(deployment_type);
        }
        if let Some(value) = value {
            json.push(br#"","value":""#);
            json.push_text(value.expose());
            json.push(br#"""#);
        } else {
            // An absent value would delete, too. `null` makes the deletion explicit.
            json.push(br#"","value":null"#);
        }
    }
    json.push(if is_first { br#"{"changes":[]}"# } else { b"}]}" });
}

/// Returns the name of a field of a change, such as `changes[3].value (GREETING)`.
pub(crate) fn field(index: usize, field: &str, name: &str) -> String {
    format!("changes[{index}].{field} ({})", shown(name))
}

/// Returns `true` if a name and a value violate no rule. This is faster than to ask for each violation.
pub(crate) fn is_permitted(name: &str, value_bytes: usize) -> bool {
    is_name(name) && name.len() <= NAME_BYTES && value_bytes <= VALUE_BYTES
}

/// Returns the violation of a name of the wrong form or length.
pub(crate) fn name_violation(index: usize, name: &str) -> Option<Violation> {
    if !is_name(name) {
        let rule = "must consist of letters, digits and underscores, and not begin with a digit";
        return Some(Violation::new(field(index, "name", name), ErrorCode::EnvironmentVariableNameInvalid, rule));
    }
    let rule = || format!("must have at most {NAME_BYTES} bytes, and has {}", name.len());
    let violation = || Violation::new(field(index, "name", name), ErrorCode::EnvironmentVariableNameTooLong, rule());
    (name.len() > NAME_BYTES).then(violation)
}

/// Returns the violation of a value that is too long.
pub(crate) fn value_violation(index: usize, name: &str, value_bytes: usize) -> Option<Violation> {
    let rule = || format!("must have at most {VALUE_BYTES} bytes, and has {value_bytes}");
    let violation = || Violation::new(field(index, "value", name), ErrorCode::EnvironmentVariableValueTooLarge, rule());
    (value_bytes > VALUE_BYTES).then(violation)
}

/// Returns a name as messages may show it. A name with other characters than letters, digits, `_`, `-` and `.` may contain a value,
/// such as `NAME=value`. Messages show its length only.
fn shown(name: &str) -> String {
    let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if word && (1..=NAME_BYTES).contains(&name.len()) { name.to_owned() } else { format!("{} bytes", name.len()) }
}
