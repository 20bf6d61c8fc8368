//! Rotating the secret of a webhook.

use serde::Deserialize;

use super::kinds::LogStreamType;
use super::list::GetLogStream;
use crate::types::{LogStreamId, Secret};

deployment_operation! {
    /// Replaces the secret of a webhook and returns the new one.
    ///
    /// A running delivery keeps signing with the old secret until the stream is updated or the server restarts. Accept both secrets for
    /// a while, or send an empty update ([`WebhookUpdate::new`](super::WebhookUpdate::new)) right after. If the outcome is unknown,
    /// read the stream, which contains the current secret.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::RotateWebhookSecret;
    ///
    /// let body = r#"{"logStreamType":"webhook","hmacSecret":"made-up"}"#;
    /// let rotated = RotateWebhookSecret::decode(&body.into())?;
    /// assert_eq!(rotated.hmac_secret.expose(), "made-up");
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RotateWebhookSecret {
        /// The log stream.
        pub id: LogStreamId,
    }

    id: "rotate_webhook_secret",
    request: POST "/rotate_webhook_secret/{id}",
    path: [id],
    response: object(RotatedWebhookSecret),
    idempotency: NonIdempotent,
    permission: "deployment:integrations:write",
    verify_with: GetLogStream,
    flags: [secret_response],
    codes: [InvalidLogStreamId, LogStreamDoesntExist, NoSecretToRotate, LogStreamingNotEnabled],
}

impl RotateWebhookSecret {
    /// Rotates the secret of the webhook `id`.
    pub fn new(id: impl Into<LogStreamId>) -> Self {
        Self { id: id.into() }
    }
}

/// A webhook's new secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RotatedWebhookSecret {
    /// The kind of the stream. Only webhooks have a secret.
    log_stream_type: LogStreamType,
    /// The new signing secret.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub hmac_secret: Secret,
}

impl RotatedWebhookSecret {
    /// Creates the value.
    pub fn new(hmac_secret: impl Into<Secret>) -> Self {
        Self { log_stream_type: LogStreamType::Webhook, hmac_secret: hmac_secret.into() }
    }
}
