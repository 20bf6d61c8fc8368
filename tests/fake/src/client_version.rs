//! The rules for the `Convex-Client` header, as convex-backend's `crates/common/src/version.rs` has them.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue};
use semver::Version;

use crate::error::Refusal;

/// Up to which versions a client is refused, and up to which it is warned.
struct Thresholds {
    unsupported: Version,
    upgrade_required: Version,
}

fn thresholds(client: &str) -> Option<Thresholds> {
    let (unsupported, upgrade_required) = match client {
        "npm" | "npm-cli" | "actions" => (Version::new(0, 19, 1), Version::new(0, 19, 1)),
        "python" | "python-convex" => (Version::new(0, 0, 2), Version::new(0, 2, 0)),
        "rust" => (Version::new(0, 0, 1), Version::new(0, 0, 1)),
        _ => return None,
    };
    Some(Thresholds { unsupported, upgrade_required })
}

/// What the server thinks of a client.
pub(crate) enum Verdict {
    Supported,
    /// The request is served, with a warning.
    UpgradeRequired(Notice),
    /// The request is not served.
    Refused(Box<Response>),
}

/// The headers that warn a client.
pub(crate) struct Notice {
    state: &'static str,
    message: String,
}

impl Notice {
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert("x-convex-deprecation-state", HeaderValue::from_static(self.state));
        if let Ok(message) = HeaderValue::from_str(&self.message) {
            headers.insert("x-convex-deprecation-message", message);
        }
    }
}

fn client(headers: &HeaderMap) -> Option<&str> {
    headers.get("convex-client").and_then(|value| value.to_str().ok())
}

/// The name of the client in lower case, if it tells one.
pub(crate) fn client_name(headers: &HeaderMap) -> Option<String> {
    parse(client(headers)?).map(|(name, _)| name)
}

/// The name in lower case, and the version. Without a version, the name is the first part only, and the version counts
/// as too old.
fn parse(text: &str) -> Option<(String, Option<Version>)> {
    let parts: Vec<&str> = text.split('-').collect();
    if parts.len() < 2 {
        return None;
    }
    let version_at =
        (1..parts.len()).find_map(|at| Version::parse(&parts[at..].join("-")).ok().map(|version| (at, version)));
    let (name, version) = match version_at {
        Some((at, version)) => (parts[..at].join("-"), Some(version)),
        None => (parts[0].to_owned(), None),
    };
    Some((name.to_ascii_lowercase(), version))
}

pub(crate) fn judge(headers: &HeaderMap) -> Verdict {
    let Some(text) = client(headers) else { return Verdict::Supported };
    let Some((client, version)) = parse(text) else {
        let refusal = Refusal::bad_request("InvalidClientVersion", "the client header is not of the form name-version");
        return Verdict::Refused(Box::new(refusal.into_response()));
    };
    let Some(limits) = thresholds(&client) else { return Verdict::Supported };
    let too_old = |limit: &Version| version.as_ref().is_none_or(|version| version <= limit);
    let notice = |state| Notice { state, message: format!("this version of {client} is too old") };
    if too_old(&limits.unsupported) {
        let notice = notice("Unsupported");
        let mut response = Refusal::bad_request("ClientVersionUnsupported", notice.message.clone()).into_response();
        notice.write(response.headers_mut());
        Verdict::Refused(Box::new(response))
    } else if too_old(&limits.upgrade_required) {
        Verdict::UpgradeRequired(notice("UpgradeRequired"))
    } else {
        Verdict::Supported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(client: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert("convex-client", HeaderValue::from_str(client).unwrap());
        match judge(&headers) {
            Verdict::Supported => "supported",
            Verdict::UpgradeRequired(_) => "upgrade required",
            Verdict::Refused(response) if response.headers().contains_key("x-convex-deprecation-state") => {
                "unsupported"
            }
            Verdict::Refused(_) => "invalid",
        }
    }

    #[test]
    fn names_and_versions() {
        for (client, expected) in [
            ("foo", "invalid"),
            ("", "invalid"),
            ("-", "supported"),
            ("foo-", "supported"),
            ("convex-mgmt-rust-0.1.0", "supported"),
            ("rust-0.0.1", "unsupported"),
            ("rust-0.0.2", "supported"),
            ("rust-dev", "unsupported"),
            ("RUST-dev", "unsupported"),
            ("npm-latest", "unsupported"),
            ("npm-cli-abc", "unsupported"),
            ("npm-cli-0.19.1", "unsupported"),
            ("npm-cli-1.0.0-alpha.1", "supported"),
            ("python-0.0.2", "unsupported"),
            ("python-0.1.0", "upgrade required"),
            ("python-convex-0.2.0", "upgrade required"),
            ("python-0.2.1", "supported"),
            ("dashboard-0.0.0", "supported"),
        ] {
            assert_eq!(verdict(client), expected, "{client}");
        }
    }
}
