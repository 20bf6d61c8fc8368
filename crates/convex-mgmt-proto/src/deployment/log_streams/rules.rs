//! The server's rules for what is set in a log stream, as far as they do not depend on the deployment. Values of open enums
//! that are not known are left to the server.
//!
//! Source: convex-backend `crates/local_backend/src/log_sinks.rs` and `crates/model/src/log_sinks/types`.

use std::collections::BTreeMap;

use super::{AxiomAttribute, LogTopics};
use crate::error::ErrorCode;
use crate::error::{Violation, Violations};
use crate::types::Secret;

/// How many attributes Axiom may be sent with each event.
pub const AXIOM_ATTRIBUTES: usize = 1024;
/// How many bytes the key of a Sentry tag has at most.
pub const SENTRY_TAG_BYTES: usize = 1024;

/// What is set in a log stream, of whichever kind, as far as there are rules for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Values<'a> {
    pub(super) url: Option<&'a String>,
    pub(super) attributes: Option<&'a [AxiomAttribute]>,
    pub(super) dsn: Option<&'a Secret>,
    pub(super) tags: Option<&'a BTreeMap<String, String>>,
    pub(super) host: Option<&'a String>,
    pub(super) topics: Option<&'a LogTopics>,
}

impl Values<'_> {
    /// All that the server would refuse, in the order of the fields.
    pub(super) fn check(&self) -> Result<(), Violations> {
        let mut problems = Vec::new();
        problems.extend(absolute_url("url", self.url.map(String::as_str), ErrorCode::InvalidWebhookUrl));
        problems.extend(attributes(self.attributes));
        problems.extend(dsn(self.dsn));
        problems.extend(tags(self.tags));
        problems.extend(absolute_url("host", self.host.map(String::as_str), ErrorCode::InvalidPostHogHost));
        problems.extend(self.topics.into_iter().flat_map(LogTopics::problems));
        Violations::none_of(problems)
    }
}

/// A URL need only be absolute, with any scheme.
fn absolute_url(field: &str, url: Option<&str>, code: ErrorCode) -> Option<Violation> {
    let url = url?;
    // Readers of URLs pass over these characters, wherever they stand: left to the server.
    if url.contains(['\t', '\n', '\r']) {
        return None;
    }
    let scheme = url.trim_start_matches(|first: char| first <= ' ').split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    (!scheme.is_some_and(is_scheme))
        .then(|| Violation::new(field, code, "must be an absolute URL, such as `https://example.com`"))
}

fn attributes(attributes: Option<&[AxiomAttribute]>) -> Option<Violation> {
    let rule = || format!("must be {AXIOM_ATTRIBUTES} at most");
    (attributes?.len() > AXIOM_ATTRIBUTES).then(|| Violation::new("attributes", ErrorCode::InternalServerError, rule()))
}

/// The scheme and the key are looked at only: what follows is for the server to read.
fn dsn(dsn: Option<&Secret>) -> Option<Violation> {
    let dsn = dsn?.expose().trim_start_matches(|first: char| first <= ' ');
    if dsn.contains(['\t', '\n', '\r']) {
        return None;
    }
    let scheme = dsn.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let good = matches!(scheme.as_deref(), Some("http" | "https")) && dsn.contains('@');
    (!good).then(|| Violation::new("dsn", ErrorCode::InvalidSentryDsn, "must be `https://KEY@HOST/PROJECT`"))
}

/// The keys of tags are names of fields.
fn tags(tags: Option<&BTreeMap<String, String>>) -> Vec<Violation> {
    let is_good = |key: &str| {
        !key.starts_with('$') && key.len() <= SENTRY_TAG_BYTES && key.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    };
    let bad = tags.into_iter().flatten().enumerate().filter(|(_, (key, _))| !is_good(key));
    let rule = format!("the key must be printable ASCII of at most {SENTRY_TAG_BYTES} bytes, and not begin with `$`");
    bad.map(|(index, _)| Violation::new(format!("tags[{index}]"), ErrorCode::BadJsonBody, rule.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_a_scheme_and_nothing_else_is_asked_of_them() {
        let problem = |url| absolute_url("url", Some(url), ErrorCode::InvalidWebhookUrl);
        for good in ["https://example.com", "HTTP:x", " ftp://x", "ht\ntps://x", "a+b-c.d:"] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in ["example.com", "", "/x:y", "1a:b", "é:b", "//host"] {
            assert_eq!(problem(bad).unwrap().code, ErrorCode::InvalidWebhookUrl, "{bad}");
        }
    }

    #[test]
    fn a_data_source_name_has_a_scheme_and_a_key() {
        for good in ["https://key@sentry.example/1", "HTTP://k:s@h/p/1"] {
            assert_eq!(dsn(Some(&good.into())), None, "{good}");
        }
        for bad in ["", "key", "https://sentry.example/1", "ftp://key@sentry.example/1"] {
            assert_eq!(dsn(Some(&bad.into())).unwrap().code, ErrorCode::InvalidSentryDsn, "{bad}");
        }
    }

    #[test]
    fn limits_are_met_exactly() {
        let many = |count| vec![AxiomAttribute::new("k", "v"); count];
        assert_eq!(attributes(Some(&many(1024))), None);
        assert_eq!(attributes(Some(&many(1025))).unwrap().field, "attributes");
        let tag = |key: &str| tags(Some(&BTreeMap::from([(key.to_owned(), String::new())]))).len();
        assert_eq!((tag(&"k".repeat(1024)), tag(&"k".repeat(1025)), tag("$k"), tag("k$ "), tag("é")), (0, 1, 1, 0, 1));
    }
}
