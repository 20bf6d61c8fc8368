//! Fields of bodies that several operations share.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::api::ApiError;
use crate::state::millis;

/// How far ahead an expiry must be.
const MIN_AHEAD: Duration = Duration::from_secs(30 * 60);

/// Reads a field with three states: absent is `None`, `null` is `Some(None)`. The field needs `#[serde(default)]`, too.
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Checks that an expiry is at least 30 minutes ahead. Returns it in milliseconds since the Unix epoch. Inferred: the code.
pub(crate) fn check_expiry(expires_at: Option<i64>, now: Duration) -> Result<Option<u64>, ApiError> {
    let error = || ApiError::bad_request("InvalidExpiresAt", "the expiry must be at least 30 minutes ahead");
    let Some(expires_at) = expires_at else { return Ok(None) };
    let expires_at = u64::try_from(expires_at).map_err(|_| error())?;
    if expires_at < millis(now + MIN_AHEAD) { Err(error()) } else { Ok(Some(expires_at)) }
}
