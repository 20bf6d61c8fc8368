//! The grammar of credentials, one for all kinds, and [`CredentialError`] with its rules.
//!
//! The grammar lists text that no credential contains. It does not list the valid forms, because Convex may change them. The listed
//! characters are often pasted around a key. They are in no name of a deployment and in no alphabet of a token (RFC 6750, section
//! 2.1: letters, digits, `-._~+/` and `=` at the end). A second `|` is allowed: a key that was made with an OAuth token contains
//! that token with its own `|`, in an undocumented form. The text before the `|` may contain the name of a git branch, so fewer
//! characters are listed for it.

use std::fmt;

use thiserror::Error;

use crate::types::Printable;
use crate::types::url::is_quote;

/// An error of a text that is not a credential, or not of the needed kind. It never contains the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The text is empty.
    #[error("the credential is empty")]
    Empty,
    /// The text begins or ends with white space, which a header cannot carry.
    #[error("the credential begins or ends with white space: remove it")]
    OuterSpace,
    /// The text has a character that a header cannot carry, such as a zero-width one.
    #[error("the credential has a character that is not printable ASCII, at byte {position}")]
    Unprintable {
        /// The start of that character, in bytes from the start of the text.
        position: usize,
    },
    /// The text contains more than a credential.
    #[error("the credential contains {found} at byte {position}: pass the key alone")]
    Surplus {
        /// The text that does not belong to the credential.
        found: Surplus,
        /// The start of it, in bytes from the start of the text.
        position: usize,
    },
    /// The text after the `|` is empty.
    #[error("the credential has no secret after its `|`")]
    NoSecret,
    /// A part of the text before the `|` is empty.
    #[error("the credential has an empty part before its `|`")]
    EmptyPrefixPart,
    /// The value that makes the Convex command line tool ignore the variable.
    #[error("the credential is `<ignore_deploy_key>`, a placeholder for no key: leave the variable unset")]
    Ignore,
    /// The placeholder of a Convex build for a key that it could not provide.
    #[error("no deploy key is available: {reason}")]
    Missing {
        /// The reason in the placeholder.
        reason: String,
    },
    /// A credential of a kind that cannot be used here.
    #[error("the credential is {found}, but {wanted} is needed")]
    WrongKind {
        /// The kind of the credential.
        found: &'static str,
        /// The kind that is needed.
        wanted: &'static str,
    },
}

/// Text that is often pasted around a key or in its place, and that no key contains. `Display` names it without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Surplus {
    /// The scheme of an `Authorization` header, which the client writes: `Convex KEY` or `Bearer KEY`.
    Scheme,
    /// The name of the header: `Authorization: Convex KEY`.
    HeaderName,
    /// The name of a variable: `NAME=KEY`, `export NAME=KEY`, or Convex's `CONVEX_DEPLOY_KEY` with any text after it.
    VariableName,
    /// A quotation mark, straight or typographic.
    Quote,
    /// White space inside the text.
    WhiteSpace,
    /// A line break inside the text: the text has several lines.
    LineBreak,
    /// A comma or a semicolon.
    Separator,
    /// A backslash or a percent-encoded byte: the text is escaped for a shell, for JSON or for a URL.
    Escape,
    /// A placeholder that was not filled in: `<KEY>`, `${NAME}`, `{{ NAME }}`.
    Placeholder,
    /// A bracket or an asterisk, as in parentheses or in a masked key, or another character that is in no secret: one of
    /// `!#%&?@^`.
    Symbol,
    /// A URL.
    Url,
}

impl fmt::Display for Surplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "a scheme (`Convex` or `Bearer`)",
            Self::HeaderName => "a header name (`Authorization:`)",
            Self::VariableName => "a variable name (`NAME=`)",
            Self::Quote => "a quotation mark",
            Self::WhiteSpace => "white space",
            Self::LineBreak => "a line break",
            Self::Separator => "a comma or semicolon",
            Self::Escape => "a backslash or percent-encoding",
            Self::Placeholder => "a placeholder (`<...>` or `${...}`)",
            Self::Symbol => "a character that no key has (one of `()[]*!#%&?@^`)",
            Self::Url => "a URL",
        })
    }
}

/// Checks a text by the grammar of all credentials.
pub(super) fn check(text: &str) -> Result<(), CredentialError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(CredentialError::Empty);
    }
    if trimmed == "<ignore_deploy_key>" {
        return Err(CredentialError::Ignore);
    }
    if let Some(reason) = trimmed.strip_prefix("<missing_deploy_key:") {
        let reason = reason.strip_suffix('>').unwrap_or(reason).trim();
        let reason = Printable(reason).to_string().chars().take(500).collect();
        return Err(CredentialError::Missing { reason });
    }
    if trimmed.len() != text.len() {
        return Err(CredentialError::OuterSpace);
    }
    if let Some(found) = in_front(text) {
        return Err(CredentialError::Surplus { found, position: 0 });
    }
    let is_named = text.contains('|');
    let mut secret = false;
    for (position, character) in text.char_indices() {
        secret |= character == '|';
        let (before, after) = text.split_at_checked(position).unwrap_or_default();
        let found = match character {
            quote if is_quote(quote) => Surplus::Quote,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Surplus::LineBreak,
            space if space.is_whitespace() => return Err(spaced(before, position)),
            ',' | ';' => Surplus::Separator,
            '\\' => Surplus::Escape,
            '%' if is_percent_encoded(after) => Surplus::Escape,
            '<' | '>' | '{' | '}' | '$' => Surplus::Placeholder,
            '(' | ')' | '[' | ']' | '*' => Surplus::Symbol,
            '!' | '#' | '%' | '&' | '?' | '@' | '^' if secret || !is_named => Surplus::Symbol,
            // Only `=` follows, so the rest needs no check.
            '=' if !secret && is_padding(after) => return Ok(()),
            '=' if !secret => Surplus::VariableName,
            ' '..='~' => continue,
            _ => return Err(CredentialError::Unprintable { position }),
        };
        let position = if found == Surplus::VariableName { 0 } else { position };
        return Err(CredentialError::Surplus { found, position });
    }
    Ok(())
}

/// Returns a known prefix of the text, or the kind of text that it is instead of a credential.
fn in_front(text: &str) -> Option<Surplus> {
    const HEADER: &str = "authorization:";
    if text.get(..HEADER.len()).is_some_and(|start| start.eq_ignore_ascii_case(HEADER)) {
        return Some(Surplus::HeaderName);
    }
    // The command line tool's variables have this prefix, and no token has it.
    if text.starts_with("CONVEX_") {
        return Some(Surplus::VariableName);
    }
    text.contains("://").then_some(Surplus::Url)
}

/// Returns the error for white space, by the word before it.
fn spaced(before: &str, position: usize) -> CredentialError {
    let is_one_of = |words: &[&str]| words.iter().any(|word| before.eq_ignore_ascii_case(word));
    let (found, position) = if is_one_of(&["convex", "bearer", "basic", "token"]) {
        (Surplus::Scheme, 0)
    } else if is_one_of(&["export", "set", "setx"]) {
        (Surplus::VariableName, 0)
    } else {
        (Surplus::WhiteSpace, position)
    };
    CredentialError::Surplus { found, position }
}

/// Returns `true` if a text begins with a percent-encoded byte.
fn is_percent_encoded(text: &str) -> bool {
    matches!(text.as_bytes(), [b'%', first, second, ..] if first.is_ascii_hexdigit() && second.is_ascii_hexdigit())
}

/// Returns `true` if a text is base64 padding: nothing but `=`.
fn is_padding(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'=')
}
