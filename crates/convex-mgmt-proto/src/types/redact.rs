//! What `Debug` shows of URLs and texts that may hold a token: scheme and host, or a length.
//!
//! Webhooks and other places to send to carry tokens in their path, their query or their user name. Whatever is debugged,
//! logged or put into an error shows such a text through [`Redact`]; [`debug_redacted!`] writes the `Debug` of a type that has
//! one.

use std::fmt;

use super::Patch;
use super::url::Parts;

/// A value that is shown without what may be a secret in it.
pub(crate) trait Redact {
    /// The value as it may be shown.
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

/// A text that may be a URL. Of one that is none, the length is shown.
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

/// The origin of a URL, and whether that is all of it.
fn origin(url: &str) -> Option<(String, bool)> {
    let start = url.find("://")? + 3;
    let end = url.get(start..)?.find(['/', '?', '#', '\\']).map_or(url.len(), |end| start + end);
    let (front, rest) = url.split_at_checked(end)?;
    // A password may have a `/` or an `@` that should have been encoded. Then the host is not where it seems to be.
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

/// Writes the `Debug` of a struct in which some fields, marked `as redacted`, may hold a token. The struct is taken apart, so
/// that no field is forgotten.
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

/// What `Debug` shows of a value, as it is or redacted.
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
    fn scheme_and_host_are_shown_and_that_there_is_more() {
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
    fn of_anything_else_the_length_is_shown() {
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
    fn fields_that_may_be_missing_are_shown_the_same() {
        let url = || "https://h.example/canary".to_owned();
        assert_eq!(format!("{:?}", Some(url()).redacted()), "Some(https://h.example/[redacted])");
        assert_eq!(format!("{:?}", None::<String>.redacted()), "None");
        assert_eq!(format!("{:?}", Patch::Set(url()).redacted()), "Set(https://h.example/[redacted])");
        assert_eq!(format!("{:?}", Patch::<String>::Clear.redacted()), "Clear");
    }

    proptest! {
        #[test]
        fn no_token_is_shown_wherever_it_stands(
            before in "[a-z:/@?#\\\\ .]{0,12}",
            scheme in prop_oneof![Just("https://"), Just("http://"), Just("https:"), Just("")],
            after in "[/?#@:\\\\][a-z:/@?#\\\\ .]{0,12}",
        ) {
            // In front of an `@`, or behind whatever ends a host.
            let text = format!("{scheme}{before}CANARY:CANARY@host.example{after}CANARY");
            prop_assert!(!shown(&text).to_ascii_uppercase().contains("CANARY"), "{}", shown(&text));
        }
    }
}
