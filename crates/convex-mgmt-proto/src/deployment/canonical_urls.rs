//! Canonical URLs: the URLs that a deployment publishes as its own.
//!
//! Source: convex-backend `crates/local_backend/src/canonical_urls.rs`.

use serde::{Deserialize, Serialize};

use crate::types::redact::debug_redacted;
use crate::types::url::{HTTP_ACTIONS, Parts};
use crate::types::{RequestDestination, Text};

/// The canonical URLs of a deployment. Each is the text that was set, or the deployment's default.
///
/// The server checks nothing, so a text need not be a URL.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CanonicalUrls {
    /// The URL of the API.
    pub convex_cloud_url: Text,
    /// The URL of the HTTP actions.
    pub convex_site_url: Text,
}

debug_redacted! { CanonicalUrls { convex_cloud_url as redacted, convex_site_url as redacted } }

impl CanonicalUrls {
    /// Creates the value.
    pub fn new(convex_cloud_url: impl Into<Text>, convex_site_url: impl Into<Text>) -> Self {
        Self { convex_cloud_url: convex_cloud_url.into(), convex_site_url: convex_site_url.into() }
    }
}

deployment_operation! {
    /// Reads the canonical URLs of the deployment, as they were set. No permission is needed.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::GetCanonicalUrls;
    ///
    /// let body = r#"{"convexCloudUrl":"https://api.example.com","convexSiteUrl":"https://www.example.com"}"#;
    /// assert_eq!(GetCanonicalUrls::decode(&body.into())?.convex_cloud_url, "https://api.example.com");
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct GetCanonicalUrls {}

    id: "get_canonical_urls",
    request: GET "/get_canonical_urls",
    response: object(CanonicalUrls),
    idempotency: Safe,
    codes: [],
}

impl GetCanonicalUrls {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

deployment_operation! {
    /// Sets one of the canonical URLs of the deployment, or resets it to its default.
    ///
    /// Repeating the call adds one more entry to the audit log. The server rejects a change
    /// after which the auth config of the deployed app would no longer evaluate.
    ///
    /// Concurrent writers get 503 [`OptimisticConcurrencyControlFailure`](crate::ErrorCode::OptimisticConcurrencyControlFailure).
    ///
    /// ```
    /// use convex_mgmt::RequestDestination;
    /// use convex_mgmt::deployment::UpdateCanonicalUrl;
    ///
    /// let update = UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, "https://api.example.com");
    /// assert_eq!(update.warning(), None);
    /// let careless = UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, "api.example.com");
    /// assert!(careless.warning().is_some());
    /// ```
    #[derive(Clone, PartialEq, Eq, Serialize)]
    #[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
    #[serde(rename_all = "camelCase")]
    pub struct UpdateCanonicalUrl {
        /// The service whose URL is set.
        pub request_destination: RequestDestination,
        /// The new URL. `None` resets it to the default.
        pub url: Option<String>,
    }

    id: "update_canonical_url",
    request: POST "/update_canonical_url",
    body: |it| it,
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:env:write",
    verify_with: GetCanonicalUrls,
    codes: [InvalidAuthConfig, AuthConfigMissingEnvironmentVariable],
}

debug_redacted! { UpdateCanonicalUrl { request_destination, url as redacted } }

impl UpdateCanonicalUrl {
    /// Sets a URL. The server accepts any text; [`UpdateCanonicalUrl::warnings`] lists likely mistakes.
    pub fn set(request_destination: RequestDestination, url: impl Into<String>) -> Self {
        Self { request_destination, url: Some(url.into()) }
    }

    /// Resets a URL to the deployment's default.
    pub fn reset(request_destination: RequestDestination) -> Self {
        Self { request_destination, url: None }
    }

    /// Returns the first of the [`warnings`](Self::warnings), which is the most serious one.
    pub fn warning(&self) -> Option<&'static str> {
        self.warnings().first().copied()
    }

    /// Returns the likely mistakes in the URL, the most serious first. Each is one line that names the rule.
    ///
    /// The server checks nothing and accepts the URL in any case. The caller decides: show the warnings, or do not send the
    /// operation. A canonical URL should be an origin, because its users append a path.
    pub fn warnings(&self) -> Vec<&'static str> {
        let Some(url) = self.url.as_deref() else { return Vec::new() };
        let parts = match Parts::read(url) {
            Ok(parts) => parts,
            Err(error) => return vec![error.text()],
        };
        let swapped = match self.request_destination {
            RequestDestination::ConvexCloud if parts.is_below("convex.site") => Some(HTTP_ACTIONS),
            RequestDestination::ConvexSite if parts.is_below("convex.cloud") => {
                Some("the URL belongs to the API: the URL of the HTTP actions ends with `.convex.site`")
            }
            _ => None,
        };
        let user_info = parts
            .user_info
            .then_some("the URL contains a user name or password, which everyone who reads the URL gets");
        let plaintext = !parts.encrypted && !parts.is_loopback();
        let plaintext = plaintext.then_some("the URL begins with `http://`: requests to it are not encrypted");
        let query = parts.query.then_some("the URL has a query or a fragment, so that no path can be appended");
        let path = match parts.path {
            "" => None,
            "/" => Some("the URL ends with `/`, which the server keeps"),
            _ => Some("the URL has a path: it should be an origin, such as `https://api.example.com`"),
        };
        [swapped, user_info, plaintext, query, path].into_iter().flatten().collect()
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for GetCanonicalUrls {
    const SECRET: &'static [&'static str] = &["convexCloudUrl", "convexSiteUrl"];

    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }

    fn responses() -> Vec<serde_json::Value> {
        vec![serde_json::json!({ "convexCloudUrl": "a", "convexSiteUrl": "b" })]
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for UpdateCanonicalUrl {
    fn requests() -> Vec<Self> {
        vec![
            Self::set(RequestDestination::ConvexCloud, "https://a.example"),
            Self::reset(RequestDestination::ConvexSite),
        ]
    }

    fn with_secret(text: &str) -> Vec<Self> {
        vec![Self::set(RequestDestination::ConvexCloud, text)]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use bytes::Bytes;

    fn body(update: &UpdateCanonicalUrl) -> String {
        serde_json::to_string(update).unwrap()
    }

    #[test]
    fn sends_a_url_unchanged_and_a_reset_as_null() {
        let set = UpdateCanonicalUrl::set(RequestDestination::ConvexSite, "not a url");
        assert_eq!(body(&set), r#"{"requestDestination":"convexSite","url":"not a url"}"#);
        let reset = UpdateCanonicalUrl::reset(RequestDestination::ConvexCloud);
        assert_eq!(body(&reset), r#"{"requestDestination":"convexCloud","url":null}"#);
    }

    #[test]
    fn warns_about_each_likely_mistake() {
        use RequestDestination::{ConvexCloud, ConvexSite};
        for (destination, url, expected) in [
            (ConvexCloud, "https://api.example.com", &[][..]),
            (ConvexCloud, "https://api.example.com:8443", &[]),
            (ConvexCloud, "http://127.0.0.1:3210", &[]),
            (ConvexCloud, "http://localhost:3210", &[]),
            (ConvexCloud, "https://happy-animal-123.convex.cloud", &[]),
            (ConvexSite, "https://happy-animal-123.eu-west-1.convex.site", &[]),
            (ConvexCloud, "https://happy-animal-123.convex.site", &["HTTP actions"]),
            (ConvexCloud, "https://happy-animal-123.eu-west-1.CONVEX.site.", &["HTTP actions"]),
            (ConvexSite, "https://happy-animal-123.convex.cloud", &["to the API"]),
            (RequestDestination::from("new"), "https://a.convex.cloud", &[]),
            (ConvexCloud, "https://aconvex.site", &[]),
            (ConvexCloud, "https://user:pw@api.example.com", &["user name"]),
            (ConvexCloud, "http://api.example.com", &["not encrypted"]),
            (ConvexCloud, "https://api.example.com/", &["ends with `/`"]),
            (ConvexCloud, "https://api.example.com/convex", &["a path"]),
            (ConvexCloud, "https://api.example.com/convex/", &["a path"]),
            (ConvexCloud, "https://api.example.com?x=1", &["a query"]),
            (ConvexCloud, "https://api.example.com#x", &["a query"]),
            (
                ConvexCloud,
                "http://u@a.convex.site/x?y",
                &["HTTP actions", "user name", "not encrypted", "a query", "a path"],
            ),
            (ConvexCloud, "", &["does not begin"]),
            (ConvexCloud, "example.com", &["does not begin"]),
            (ConvexCloud, "not a url", &["white space"]),
            (ConvexCloud, "ftp://example.com", &["scheme"]),
            (ConvexCloud, "https://", &["no host"]),
            (ConvexCloud, "\"https://example.com\"", &["quotation mark"]),
            (ConvexCloud, "https://example.com\n", &["white space"]),
            (ConvexCloud, "https://example.com,", &["comma"]),
            (ConvexCloud, "https://*.example.com", &["`*`"]),
            (ConvexCloud, "https://example..com", &["empty part"]),
            (ConvexCloud, "https://999.1.1.1", &["IPv4"]),
            (ConvexCloud, "https://example.com:0", &["port"]),
        ] {
            let update = UpdateCanonicalUrl::set(destination, url);
            let warnings = update.warnings();
            let matching = warnings.iter().zip(expected).filter(|(warning, words)| warning.contains(**words)).count();
            assert_eq!((warnings.len(), matching), (expected.len(), expected.len()), "{url}: {warnings:?}");
            assert_eq!(update.warning(), warnings.first().copied());
            for warning in warnings {
                assert!(warning.len() <= 120 && !warning.contains('\n') && warning.starts_with("the URL"), "{warning}");
            }
        }
        assert_eq!(UpdateCanonicalUrl::reset(ConvexCloud).warnings(), Vec::<&str>::new());
    }

    #[test]
    fn debug_shows_no_token_in_a_url() {
        let url = "https://canary:canary@api.example.com/canary?canary";
        let update = UpdateCanonicalUrl::set(RequestDestination::ConvexSite, url);
        let expected =
            "UpdateCanonicalUrl { request_destination: ConvexSite, url: Some(https://api.example.com/[redacted]) }";
        assert_eq!(format!("{update:?}"), expected);
        assert!(!format!("{:?} {:#?}", CanonicalUrls::new(url, "canary"), update).contains("canary"));
    }

    #[test]
    fn reads_both_urls() {
        let json = Bytes::from(r#"{"convexCloudUrl":"","convexSiteUrl":"x y","more":1}"#);
        assert_eq!(GetCanonicalUrls::decode(&json).unwrap(), CanonicalUrls::new("", "x y"));
        let error = GetCanonicalUrls::decode(&Bytes::from(r#"{"convexCloudUrl":""}"#)).unwrap_err();
        assert_eq!(error.expected, "the field `convexSiteUrl`");
        let error = GetCanonicalUrls::decode(&Bytes::from(r#"{"convexCloudUrl":null}"#)).unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("convexCloudUrl", "a string"));
    }
}
