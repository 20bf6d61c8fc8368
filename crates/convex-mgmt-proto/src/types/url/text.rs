//! [`UrlText`] and [`QueryValue`]: the text of a value in the path or the query of a request, before and after percent-encoding.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A value that can be part of a URL. Ids, points in time and open enums implement it in the macros that declare them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text for a URL",
    note = "a path value must not be optional; for another type, implement `UrlText` where the type is declared"
)]
pub(crate) trait UrlText {
    /// Returns the text.
    fn url_text(&self) -> Cow<'_, str>;
}

impl UrlText for String {
    fn url_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl UrlText for &str {
    fn url_text(&self) -> Cow<'_, str> {
        (*self).into()
    }
}

impl UrlText for bool {
    fn url_text(&self) -> Cow<'_, str> {
        if *self { "true".into() } else { "false".into() }
    }
}

impl UrlText for u32 {
    fn url_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

/// A value of the query. `None` is left out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a query parameter",
    note = "the type, or the type in its `Option`, has to implement `UrlText` where it is declared"
)]
pub(crate) trait QueryValue {
    /// Returns the text; `None` for a parameter that is not sent.
    fn query_text(&self) -> Option<Cow<'_, str>>;
}

impl<T: UrlText> QueryValue for T {
    fn query_text(&self) -> Option<Cow<'_, str>> {
        Some(self.url_text())
    }
}

impl<T: UrlText> QueryValue for Option<T> {
    fn query_text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().map(T::url_text)
    }
}

/// Percent-encodes all bytes but the unreserved characters of RFC 3986, so that a value remains one path segment or one query
/// value.
pub(crate) fn push_encoded(url: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(url, "%{byte:02X}")),
        }
    }
}
