//! [`Target`]: a webhook that events are delivered to.

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, TRANSFER_ENCODING, USER_AGENT};
use http_body_util::Full;
use url::{Position, Url};

use super::config::{Config, Format, Webhook};
use super::signature::webhook_signature;
use super::state::Stream;

/// A webhook as it was when a delivery to it began.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) version: u64,
    pub(super) url: String,
    format: Format,
    secret: String,
}

impl Target {
    /// `None` if the stream is not a webhook.
    pub(super) fn of(id: &str, stream: &Stream) -> Option<Self> {
        let Config::Webhook(Webhook { url, format, .. }) = &stream.config else { return None };
        let (id, url, secret) = (id.to_owned(), url.clone(), stream.signing_secret.clone());
        Some(Self { id, version: stream.version, url, format: *format, secret })
    }

    /// The body of a batch of events.
    pub(super) fn body(&self, events: &[String]) -> Bytes {
        match self.format {
            Format::Json => format!("[{}]", events.join(",")).into(),
            Format::Jsonl => events.join("\n").into(),
        }
    }

    /// The signed request of a delivery.
    pub(super) fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
        let unusable = |error: &dyn std::fmt::Display| format!("no request can be sent to {}: {error}", self.url);
        let url = Url::parse(&self.url).map_err(|error| unusable(&error))?;
        Request::post(&url[..Position::AfterQuery])
            .header(CONTENT_TYPE, "application/json")
            .header("x-webhook-signature", webhook_signature(&self.secret, &body))
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, "Convex/1.0")
            .header(ACCEPT_ENCODING, "gzip")
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(TRANSFER_ENCODING, "chunked")
            .body(Full::new(body))
            .map_err(|error| unusable(&error))
    }
}
