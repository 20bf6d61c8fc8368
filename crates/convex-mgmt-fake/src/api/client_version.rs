//! Which clients the server supports, by their `Convex-Client` header. Source: convex-backend's
//! `crates/common/src/version.rs`.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue};
use semver::Version;

use super::error::ApiError;

/// The last version of a client that is rejected, and the last one that is warned.
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

/// The server's support for a client.
pub(crate) enum ClientSupport {
    Supported,
    /// The response to the request carries a warning.
    UpgradeRequired(Notice),
    /// The request fails with this response.
    Unsupported(Box<Response>),
}

/// The headers that ask a client to upgrade.
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

/// Returns the name of the client in lower case, if the header has one.
pub(crate) fn client_name(headers: &HeaderMap) -> Option<String> {
    parse(client(headers)?).map(|(name, _)| name)
}

/// Splits the header into a name in lower case and a version. Without a version, the name is the part before the first
/// dash, and the client counts as too old.
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

/// Checks the `Convex-Client` header. Requests without one are supported.
pub(crate) fn check_client(headers: &HeaderMap) -> ClientSupport {
    let Some(text) = client(headers) else { return ClientSupport::Supported };
    let Some((client, version)) = parse(text) else {
        let error = ApiError::bad_request("InvalidClientVersion", "the client header is not of the form name-version");
        return ClientSupport::Unsupported(Box::new(error.into_response()));
    };
    let Some(limits) = thresholds(&client) else { return ClientSupport::Supported };
    let too_old = |limit: &Version| version.as_ref().is_none_or(|version| version <= limit);
    let notice = |state| Notice { state, message: format!("this version of {client} is too old") };
    if too_old(&limits.unsupported) {
        let notice = notice("Unsupported");
        let mut response = ApiError::bad_request("ClientVersionUnsupported", notice.message.clone()).into_response();
        notice.write(response.headers_mut());
        ClientSupport::Unsupported(Box::new(response))
    } else if too_old(&limits.upgrade_required) {
        ClientSupport::UpgradeRequired(notice("UpgradeRequired"))
    } else {
        ClientSupport::Supported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support(client: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert("convex-client", HeaderValue::from_str(client).unwrap());
        match check_client(&headers) {
            ClientSupport::Supported => "supported",
            ClientSupport::UpgradeRequired(_) => "upgrade required",
            ClientSupport::Unsupported(response) if response.headers().contains_key("x-convex-deprecation-state") => {
                "unsupported"
            }
            ClientSupport::Unsupported(_) => "invalid",
        }
    }

    #[test]
    fn parses_names_and_versions_and_applies_the_thresholds() {
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
            assert_eq!(support(client), expected, "{client}");
        }
    }
}
