//! The server's rules for the names in a selection.

/// The name that stands for everything that is not named.
pub(super) const OTHER: &str = "_other";

/// How many bytes the name of a component or table has at most.
const IDENTIFIER_BYTES: usize = 64;
/// How many bytes the name of a column has at most.
const COLUMN_BYTES: usize = 1024;

/// Convex's identifiers. Source: convex-backend `crates/value/src/identifier.rs`.
pub(super) fn is_identifier(name: &str) -> bool {
    let bytes = name.as_bytes();
    name != OTHER
        && name.len() <= IDENTIFIER_BYTES
        && bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && bytes.iter().any(|byte| *byte != b'_')
}

pub(super) fn is_column(name: &str) -> bool {
    name != OTHER
        && (1..=COLUMN_BYTES).contains(&name.len())
        && !name.starts_with('$')
        && name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
