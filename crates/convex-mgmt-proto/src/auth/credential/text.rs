//! The text of a credential: one grammar for all kinds, and [`CredentialError`], which says what breaks it.
//!
//! The grammar is a list of what no credential holds, and not of what one may hold: the forms of tokens are Convex's to
//! change. What is on the list is in no alphabet of a token (RFC 6750, section 2.1: letters, digits, `-._~+/` and `=` at the
//! end), in no name of a deployment, and is what people paste around a key. A second `|` is not on it: a key that was made
//! with an OAuth token wraps that token, which has one of its own, and nobody says in which form. What stands before the `|`
//! may hold the name of a git branch, so fewer characters are on the list there.

use std::fmt;

use thiserror::Error;

use crate::types::Printable;
use crate::types::url::is_quote;

/// Why a text is not a credential, or not one of the wanted kind. Never holds the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// There is no text.
    #[error("the credential is empty")]
    Empty,
    /// The text begins or ends with white space, which a header would not carry.
    #[error("the credential begins or ends with white space")]
    OuterSpace,
    /// The text has a character that a header cannot carry, such as one of no width.
    #[error("the credential has a character that is not printable ASCII, at byte {position}")]
    Unprintable {
        /// Where that character begins, in bytes from the start.
        position: usize,
    },
    /// The text holds more than a credential.
    #[error("the credential holds {found} at byte {position}: pass the key alone")]
    Surplus {
        /// What there is too much.
        found: Surplus,
        /// Where it begins, in bytes from the start.
        position: usize,
    },
    /// There is nothing behind the `|`.
    #[error("the credential has no secret after its `|`")]
    NoSecret,
    /// A part of what stands before the `|` is missing.
    #[error("the credential has an empty part before its `|`")]
    EmptyPrefixPart,
    /// The value with which the Convex command line tool is told to ignore the variable.
    #[error("the credential is `<ignore_deploy_key>`, which stands for no key: leave the variable unset instead")]
    Ignore,
    /// The value that a Convex build puts in place of a key that it could not provide.
    #[error("the credential is a note that no deploy key is there: {reason}")]
    Missing {
        /// The reason that the note gives.
        reason: String,
    },
    /// A credential, but of a kind that cannot be used here.
    #[error("the credential is {found}, where {wanted} is needed")]
    WrongKind {
        /// What the text is.
        found: &'static str,
        /// What is needed.
        wanted: &'static str,
    },
}

/// What people paste around a key, or in its place, and what no key holds. `Display` names it, without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Surplus {
    /// The scheme of an `Authorization` header, which the client writes: `Convex KEY` or `Bearer KEY`.
    Scheme,
    /// The name of the header: `Authorization: Convex KEY`.
    HeaderName,
    /// The name of a variable: `NAME=KEY`, `export NAME=KEY`, or Convex's `CONVEX_DEPLOY_KEY` with anything behind it.
    VariableName,
    /// A quotation mark, straight or typographic.
    Quote,
    /// White space within the text.
    WhiteSpace,
    /// A line break within the text: there are two lines.
    LineBreak,
    /// A comma or a semicolon.
    Separator,
    /// A backslash or a percent-encoded byte: the text is escaped for a shell, for JSON or for a URL.
    Escape,
    /// A placeholder that was not filled in: `<KEY>`, `${NAME}`, `{{ NAME }}`.
    Placeholder,
    /// A bracket or an asterisk, as text in parentheses or a key that is shown in part has, or another character that is in no
    /// secret: one of `!#%&?@^`.
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
            // Nothing else follows, so nothing is looked at twice.
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

/// What begins the text, or makes it another thing, and is known by its words.
fn in_front(text: &str) -> Option<Surplus> {
    const HEADER: &str = "authorization:";
    if text.get(..HEADER.len()).is_some_and(|start| start.eq_ignore_ascii_case(HEADER)) {
        return Some(Surplus::HeaderName);
    }
    // The names of the command line tool's variables begin so, and no token does.
    if text.starts_with("CONVEX_") {
        return Some(Surplus::VariableName);
    }
    text.contains("://").then_some(Surplus::Url)
}

/// White space is told by the word before it.
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

/// Whether a text begins with a percent-encoded byte.
fn is_percent_encoded(text: &str) -> bool {
    matches!(text.as_bytes(), [b'%', first, second, ..] if first.is_ascii_hexdigit() && second.is_ascii_hexdigit())
}

/// Whether `=` and what follows it is the padding of base64: nothing else comes.
fn is_padding(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'=')
}
