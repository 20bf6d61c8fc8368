//! The checks of names and values of environment variables, for the batches of changes of both APIs.

use crate::error::{ErrorCode, Violation};
use crate::types::environment::{NAME_BYTES, VALUE_BYTES, is_name};

/// Returns the name of a field of a change, such as `changes[3].value (GREETING)`.
pub(crate) fn field(index: usize, field: &str, name: &str) -> String {
    format!("changes[{index}].{field} ({})", shown(name))
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
