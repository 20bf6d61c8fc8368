//! The `Debug` form of URLs and texts that may contain a token: scheme and host, or a length.
//!
//! The URL of a webhook or another destination often has a token in its path, query or user name. `Debug`, logs and errors
//! show such a text through [`Redact`]. [`debug_redacted!`] writes the `Debug` of a type with such a field.

use std::fmt;

use super::url::Parts;
use super::{Patch, Text};

/// A value that is shown without the parts that may be secret.
pub(crate) trait Redact {
    /// Returns the value in its redacted form.
    fn redacted(&self) -> impl fmt::Debug + '_;
}

impl Redact for str {
    fn redacted(&self) -> impl fmt::Debug + '_ {
        Redacted(self)
    }
}

impl Redact for String {
    fn redacted(&self) -> impl fmt::Debug + '_ {
        Redacted(self)
    }
}

impl Redact for Text {
    fn redacted(&self) -> impl fmt::Debug + '_ {
        Redacted(self)
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redacted(&self) -> impl fmt::Debug + '_ {
        self.as_ref().map(T::redacted)
    }
}

impl<T: Redact> Redact for Patch<T> {
    fn redacted(&self) -> impl fmt::Debug + '_ {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(value.redacted()),
        }
    }
}

/// A text that may be a URL. `Debug` shows the length of any other text.
struct Redacted<'a>(&'a str);

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match origin(self.0) {
            Some((origin, true)) => f.write_str(&origin),
            Some((origin, false)) => write!(f, "{origin}/[redacted]"),
            None => write!(f, "[redacted, {} bytes]", self.0.len()),
        }
    }
}

/// Returns the origin of a URL, and `true` if the URL has nothing else.
fn origin(url: &str) -> Option<(String, bool)> {
    let start = url.find("://")? + 3;
    let end = url.get(start..)?.find(['/', '?', '#', '\\']).map_or(url.len(), |end| start + end);
    let (front, rest) = url.split_at_checked(end)?;
    // A password may contain a `/` or an `@` that should have been encoded. The apparent host is then part of the password.
    if rest.contains('@') || front.matches('@').count() > 1 {
        return None;
    }
    let Parts { encrypted, user_info, host, port, .. } = Parts::read(front).ok()?;
    let mut origin = format!("{}://{host}", if encrypted { "https" } else { "http" });
    if let Some(port) = port {
        origin += &format!(":{port}");
    }
    Some((origin, !user_info && matches!(rest, "" | "/")))
}

/// Writes the `Debug` of a struct with fields that may contain a token, marked `as redacted`. It destructures the struct, so a new
/// field does not compile until it is listed.
macro_rules! debug_redacted {
    ($name:ident { $($field:ident $(as $redacted:ident)?),+ }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let Self { $($field),+ } = self;
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &crate::types::redact::shown!($field $($redacted)?)))+
                    .finish()
            }
        }
    };
}

/// The `Debug` form of a value, plain or redacted.
macro_rules! shown {
    ($value:ident) => {
        $value
    };
    ($value:ident redacted) => {
        crate::types::redact::Redact::redacted($value)
    };
}

pub(crate) use {debug_redacted, shown};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        format!("{:?}", text.redacted())
    }

    #[test]
    fn shows_scheme_and_host_and_marks_the_rest() {
        for (text, expected) in [
            ("https://hooks.example.com", "https://hooks.example.com"),
            ("HTTPS://Hooks.example.com/", "https://hooks.example.com"),
            ("http://127.0.0.1:3210", "http://127.0.0.1:3210"),
            ("https://[::1]:8080/canary", "https://[::1]:8080/[redacted]"),
            ("https://hooks.example.com/services/canary", "https://hooks.example.com/[redacted]"),
            ("https://hooks.example.com?token=canary", "https://hooks.example.com/[redacted]"),
            ("https://hooks.example.com#canary", "https://hooks.example.com/[redacted]"),
            ("https://hooks.example.com/a,b;\"c\" d\n", "https://hooks.example.com/[redacted]"),
            ("https://canary@hooks.example.com", "https://hooks.example.com/[redacted]"),
            ("https://user:canary@hooks.example.com:8443/", "https://hooks.example.com:8443/[redacted]"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn shows_the_length_of_any_other_text() {
        for text in [
            "canary",
            "canary://x",
            "https:canary",
            "https:\\\\user:canary@host",
            "https://user:can/canary@host",
            "https://user@canary@host",
            "https://can ary.example",
            "https://canary:x",
            "//canary",
            "mailto:canary@example.com",
            "error sending request for url (https://hooks.example.com/canary)",
            "\"https://canary\"",
            " https://canary.example",
        ] {
            assert_eq!(shown(text), format!("[redacted, {} bytes]", text.len()));
        }
    }

    #[test]
    fn redacts_optional_fields_too() {
        let url = || "https://h.example/canary".to_owned();
        assert_eq!(format!("{:?}", Some(url()).redacted()), "Some(https://h.example/[redacted])");
        assert_eq!(format!("{:?}", None::<String>.redacted()), "None");
        assert_eq!(format!("{:?}", Patch::Set(url()).redacted()), "Set(https://h.example/[redacted])");
        assert_eq!(format!("{:?}", Patch::<String>::Clear.redacted()), "Clear");
    }

    proptest! {
        #[test]
        fn shows_no_token_at_any_position(
            before in "[a-z:/@?#\\\\ .]{0,12}",
            scheme in prop_oneof![Just("https://"), Just("http://"), Just("https:"), Just("")],
            after in "[/?#@:\\\\][a-z:/@?#\\\\ .]{0,12}",
        ) {
            // Before an `@`, or after the end of a host.
            let text = format!("{scheme}{before}CANARY:CANARY@host.example{after}CANARY");
            prop_assert!(!shown(&text).to_ascii_uppercase().contains("CANARY"), "{}", shown(&text));
        }
    }
}
