//! The server's rules for the fields of a log stream that do not depend on the deployment. Unknown values of open enums are left
//! to the server.
//!
//! Source: convex-backend `crates/local_backend/src/log_sinks.rs` and `crates/model/src/log_sinks/types`.

use std::collections::BTreeMap;

use super::kinds::AxiomAttribute;
use super::topics::LogTopics;
use crate::error::{ErrorCode, Violation, Violations};
use crate::types::Secret;

/// The maximum number of attributes of a stream to Axiom.
pub const AXIOM_ATTRIBUTES: usize = 1024;
/// The maximum length of the key of a Sentry tag, in bytes.
pub const SENTRY_TAG_BYTES: usize = 1024;

/// The fields that have rules, of a stream of any kind.
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
    /// Returns all violations, in the order of the fields.
    pub(super) fn check(&self) -> Result<(), Violations> {
        let mut violations = Vec::new();
        violations.extend(absolute_url("url", self.url.map(String::as_str), ErrorCode::InvalidWebhookUrl));
        violations.extend(attributes(self.attributes));
        violations.extend(dsn(self.dsn));
        violations.extend(tags(self.tags));
        violations.extend(absolute_url("host", self.host.map(String::as_str), ErrorCode::InvalidPostHogHost));
        violations.extend(self.topics.into_iter().flat_map(LogTopics::violations));
        Violations::err_if_any(violations)
    }
}

/// Checks that a URL is absolute. The server accepts any scheme.
fn absolute_url(field: &str, url: Option<&str>, code: ErrorCode) -> Option<Violation> {
    let url = url?;
    // URL parsers ignore these characters at any position, so the server decides.
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

/// Checks the number of attributes.
fn attributes(attributes: Option<&[AxiomAttribute]>) -> Option<Violation> {
    let rule = || format!("must be at most {AXIOM_ATTRIBUTES}");
    (attributes?.len() > AXIOM_ATTRIBUTES).then(|| Violation::new("attributes", ErrorCode::InternalServerError, rule()))
}

/// Checks that a data source name has a scheme and a key. The server checks the rest.
fn dsn(dsn: Option<&Secret>) -> Option<Violation> {
    let dsn = dsn?.expose().trim_start_matches(|first: char| first <= ' ');
    if dsn.contains(['\t', '\n', '\r']) {
        return None;
    }
    let scheme = dsn.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let good = matches!(scheme.as_deref(), Some("http" | "https")) && dsn.contains('@');
    (!good).then(|| Violation::new("dsn", ErrorCode::InvalidSentryDsn, "must be `https://KEY@HOST/PROJECT`"))
}

/// Checks the keys of tags, which the server treats as names of fields.
fn tags(tags: Option<&BTreeMap<String, String>>) -> Vec<Violation> {
    let is_good = |key: &str| {
        !key.starts_with('$') && key.len() <= SENTRY_TAG_BYTES && key.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    };
    let bad = tags.into_iter().flatten().enumerate().filter(|(_, (key, _))| !is_good(key));
    let rule = format!(
        "must have a key of printable ASCII of at most {SENTRY_TAG_BYTES} bytes, which does not begin with `$`"
    );
    bad.map(|(index, _)| Violation::new(format!("tags[{index}]"), ErrorCode::BadJsonBody, rule.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_must_have_a_scheme_and_nothing_else() {
        let violation = |url| absolute_url("url", Some(url), ErrorCode::InvalidWebhookUrl);
        for good in ["https://example.com", "HTTP:x", " ftp://x", "ht\ntps://x", "a+b-c.d:"] {
            assert_eq!(violation(good), None, "{good}");
        }
        for bad in ["example.com", "", "/x:y", "1a:b", "é:b", "//host"] {
            assert_eq!(violation(bad).unwrap().code, Some(ErrorCode::InvalidWebhookUrl), "{bad}");
        }
    }

    #[test]
    fn a_data_source_name_must_have_a_scheme_and_a_key() {
        for good in ["https://key@sentry.example/1", "HTTP://k:s@h/p/1"] {
            assert_eq!(dsn(Some(&good.into())), None, "{good}");
        }
        for bad in ["", "key", "https://sentry.example/1", "ftp://key@sentry.example/1"] {
            assert_eq!(dsn(Some(&bad.into())).unwrap().code, Some(ErrorCode::InvalidSentryDsn), "{bad}");
        }
    }

    #[test]
    fn accepts_values_up_to_each_limit() {
        let many = |count| vec![AxiomAttribute::new("k", "v"); count];
        assert_eq!(attributes(Some(&many(1024))), None);
        assert_eq!(attributes(Some(&many(1025))).unwrap().field, "attributes");
        let tag = |key: &str| tags(Some(&BTreeMap::from([(key.to_owned(), String::new())]))).len();
        assert_eq!((tag(&"k".repeat(1024)), tag(&"k".repeat(1025)), tag("$k"), tag("k$ "), tag("é")), (0, 1, 1, 0, 1));
    }
}
