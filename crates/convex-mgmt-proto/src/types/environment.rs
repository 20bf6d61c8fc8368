//! The rules for names and values of environment variables that both APIs share.
//!
//! The Deployment Platform API applies them to the variables of a deployment, and the Management API to the default variables of a
//! project. Source: convex-backend `crates/common/src/types/environment_variables.rs`.

/// The maximum length of a name, in bytes.
pub const NAME_BYTES: usize = 256;
/// The maximum length of a value, in bytes of UTF-8.
pub const VALUE_BYTES: usize = 8192;

/// Returns `true` if a text has the form of a name: `[A-Za-z_][A-Za-z0-9_]*`. The length is not checked ([`NAME_BYTES`]).
pub fn is_name(text: &str) -> bool {
    // Names are short: no early exit is faster than one for each byte, and a table faster than shifting a set of bits.
    text.bytes().fold(1, |all, byte| all & IN_NAMES.get(usize::from(byte)).copied().unwrap_or(0)) == 1
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// 1 for each byte that a name may contain. A `bool` takes an instruction more for each byte.
static IN_NAMES: [u8; 256] = {
    let mut table = [0; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut byte = 0_u8;
    while let [first, after @ ..] = rest {
        *first = (byte.is_ascii_alphanumeric() || byte == b'_') as u8;
        byte = byte.wrapping_add(1);
        rest = after;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_letters_digits_and_underscores_and_begins_with_no_digit() {
        for name in ["A", "_", "a9_", "_9", &"N".repeat(NAME_BYTES + 1)] {
            assert!(is_name(name), "{name}");
        }
        for text in ["", "9", "9A", "A-B", "A.B", "A B", "A=", " A", "A\n", "é", "Aé"] {
            assert!(!is_name(text), "{text:?}");
        }
    }
}
