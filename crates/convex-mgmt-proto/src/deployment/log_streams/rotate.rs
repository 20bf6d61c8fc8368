//! Replacing the secret of a webhook.

use serde::Deserialize;

use super::list::GetLogStream;
#[cfg(doc)]
use super::update::WebhookUpdate;
use crate::types::open::open_union;
use crate::types::{LogStreamId, Secret};

deployment_operation! {
    /// Replaces the secret of a webhook and returns the new one.
    ///
    /// A running delivery keeps signing with the old secret until the stream is updated or the server restarts. Accept both secrets for
    /// a while, or send an empty update ([`WebhookUpdate::new`]) right after. If the outcome is unknown, read the stream, which contains
    /// the current secret.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::RotateWebhookSecret;
    ///
    /// let body = r#"{"logStreamType":"webhook","hmacSecret":"made-up"}"#;
    /// let rotated = RotateWebhookSecret::decode(&body.into())?;
    /// assert_eq!(rotated.hmac_secret().map(|secret| secret.expose()), Some("made-up"));
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
    response: object(RotatedSecret),
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
    /// With what events will be signed.
    #[cfg_attr(feature = "serde-all", serde(serialize_with = "crate::types::secret::exposed"))]
    pub hmac_secret: Secret,
}

impl RotatedWebhookSecret {
    /// This secret.
    pub fn new(hmac_secret: impl Into<Secret>) -> Self {
        Self { hmac_secret: hmac_secret.into() }
    }
}

open_union! {
    /// The new secret of a log stream. Only webhooks have one so far.
    pub enum RotatedSecret by "logStreamType" {
        /// Of a webhook.
        Webhook(RotatedWebhookSecret) = "webhook",
    }
}

impl RotatedSecret {
    /// With what a webhook's events will be signed; `None` for a kind that this version does not know.
    pub fn hmac_secret(&self) -> Option<&Secret> {
        match self {
            Self::Webhook(webhook) => Some(&webhook.hmac_secret),
            Self::_Unknown(_) => None,
        }
    }
}
