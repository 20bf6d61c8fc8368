//! Canonical URLs: under which URLs a deployment says it is reached.
//!
//! Source: convex-backend `crates/local_backend/src/canonical_urls.rs`.

use bytes::Bytes;
use http::{Method, Uri};
use serde::{Deserialize, Serialize};

use super::CREDENTIALS;
use crate::decode::{self, DecodeError};
use crate::error::BuildError;
use crate::open::open_enum;
use crate::operation::{Deployment, Operation, OperationMeta, Repeat};
use crate::write::RequestWriter;

open_enum! {
    /// Which of a deployment's two services a URL leads to.
    pub enum RequestDestination {
        /// The API, by default at a `.convex.cloud` URL.
        ConvexCloud = "convexCloud",
        /// The HTTP actions, by default at a `.convex.site` URL.
        ConvexSite = "convexSite",
    }
}

/// The canonical URLs of a deployment: those that were set, or its defaults. They are as they were set, and need not be
/// URLs at all, because the server checks nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CanonicalUrls {
    /// The URL of the API.
    pub convex_cloud_url: String,
    /// The URL of the HTTP actions.
    pub convex_site_url: String,
}

impl CanonicalUrls {
    /// Both URLs.
    pub fn new(convex_cloud_url: impl Into<String>, convex_site_url: impl Into<String>) -> Self {
        Self { convex_cloud_url: convex_cloud_url.into(), convex_site_url: convex_site_url.into() }
    }
}

/// Reads the canonical URLs of a deployment.
///
/// * Credential: any of the deployment's, however restricted.
/// * Repeating it is safe.
/// * Gives both URLs, as they were set.
/// * Codes: those of every operation only.
///
/// ```
/// use convex_mgmt_proto::Operation;
/// use convex_mgmt_proto::deployment::GetCanonicalUrls;
///
/// let body = r#"{"convexCloudUrl":"https://api.example.com","convexSiteUrl":"https://www.example.com"}"#;
/// assert_eq!(GetCanonicalUrls::decode(&body.into())?.convex_cloud_url, "https://api.example.com");
/// # Ok::<(), convex_mgmt_proto::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct GetCanonicalUrls {}

impl GetCanonicalUrls {
    /// The call. It takes nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for GetCanonicalUrls {
    type Api = Deployment;
    type Output = CanonicalUrls;
    const META: &'static OperationMeta =
        &OperationMeta::new::<Deployment>("get_canonical_urls", Method::GET, "/get_canonical_urls", Repeat::Safe)
            .credentials(CREDENTIALS);

    fn decode(body: &Bytes) -> Result<CanonicalUrls, DecodeError> {
        decode::object(body)
    }
}

/// Sets one of the canonical URLs of a deployment, or resets it to its default.
///
/// * Credential: any of the deployment's, with the permission `deployment:env:write`.
/// * Repeating it leaves the same state, with one more entry in the audit log.
/// * Success has no content.
/// * Codes: `InvalidAuthConfig` and `AuthConfigMissingEnvironmentVariable`, which depend on the deployed app. Writers at the
///   same time get 503 `OptimisticConcurrencyControlFailure`.
///
/// ```
/// use convex_mgmt_proto::deployment::{RequestDestination, UpdateCanonicalUrl};
///
/// let update = UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, "https://api.example.com");
/// assert_eq!(update.warning(), None);
/// let careless = UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, "api.example.com");
/// assert!(careless.warning().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpdateCanonicalUrl {
    /// Which URL.
    pub request_destination: RequestDestination,
    /// The new one; `None` resets it.
    pub url: Option<String>,
}

impl UpdateCanonicalUrl {
    /// Sets a URL. The server takes any text: see [`UpdateCanonicalUrl::warning`].
    pub fn set(request_destination: RequestDestination, url: impl Into<String>) -> Self {
        Self { request_destination, url: Some(url.into()) }
    }

    /// Resets a URL to the deployment's default.
    pub fn reset(request_destination: RequestDestination) -> Self {
        Self { request_destination, url: None }
    }

    /// What is probably wrong with the URL, which the server would take all the same.
    pub fn warning(&self) -> Option<&'static str> {
        let url = self.url.as_deref()?;
        let Ok(uri) = url.parse::<Uri>() else { return Some("the URL is malformed") };
        match (uri.scheme_str(), uri.host()) {
            (Some("https" | "http"), Some(host)) if !host.is_empty() => {}
            _ => return Some("the URL does not begin with `https://` or `http://` and a host"),
        }
        if url.ends_with('/') {
            return Some("the URL ends with `/`, which the server keeps");
        }
        None
    }
}

impl Operation for UpdateCanonicalUrl {
    type Api = Deployment;
    type Output = ();
    const META: &'static OperationMeta = &OperationMeta::new::<Deployment>(
        "update_canonical_url",
        Method::POST,
        "/update_canonical_url",
        Repeat::Idempotent,
    )
    .credentials(CREDENTIALS)
    .permission("deployment:env:write")
    .empty_reply()
    .look_at("get_canonical_urls");

    fn encode(&self, request: &mut RequestWriter) -> Result<(), BuildError> {
        request.json(self)
    }

    fn decode(body: &Bytes) -> Result<(), DecodeError> {
        decode::nothing(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(update: &UpdateCanonicalUrl) -> String {
        serde_json::to_string(update).unwrap()
    }

    #[test]
    fn a_url_is_sent_as_it_is_and_a_reset_is_written_out() {
        let set = UpdateCanonicalUrl::set(RequestDestination::ConvexSite, "not a url");
        assert_eq!(body(&set), r#"{"requestDestination":"convexSite","url":"not a url"}"#);
        let reset = UpdateCanonicalUrl::reset(RequestDestination::ConvexCloud);
        assert_eq!(body(&reset), r#"{"requestDestination":"convexCloud","url":null}"#);
    }

    #[test]
    fn a_warning_is_given_for_what_is_hardly_meant() {
        let warning = |url: &str| UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, url).warning();
        for good in ["https://api.example.com", "http://127.0.0.1:3210", "https://example.com/convex"] {
            assert_eq!(warning(good), None, "{good}");
        }
        for bad in ["", "not a url", "example.com", "ftp://example.com", "https://", "https://example.com/"] {
            assert!(warning(bad).is_some(), "{bad}");
        }
        assert_eq!(UpdateCanonicalUrl::reset(RequestDestination::ConvexCloud).warning(), None);
    }

    #[test]
    fn both_urls_are_read() {
        let json = Bytes::from(r#"{"convexCloudUrl":"","convexSiteUrl":"x y","more":1}"#);
        assert_eq!(GetCanonicalUrls::decode(&json).unwrap(), CanonicalUrls::new("", "x y"));
        let error = GetCanonicalUrls::decode(&Bytes::from(r#"{"convexCloudUrl":""}"#)).unwrap_err();
        assert_eq!(error.expected, "the field `convexSiteUrl`");
        let error = GetCanonicalUrls::decode(&Bytes::from(r#"{"convexCloudUrl":null}"#)).unwrap_err();
        assert_eq!((error.path.as_str(), error.expected.as_str()), ("convexCloudUrl", "a string"));
    }
}
