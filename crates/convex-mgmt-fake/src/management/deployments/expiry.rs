//! The expiry of deployments.

use crate::api::ApiError;
use crate::management::api::check_expiry;
use crate::management::state::ControlPlane;
use crate::state::millis;

/// Checks the expiry of a deployment. Returns it in milliseconds since the Unix epoch.
pub(super) fn check_expires_at(state: &ControlPlane, expires_at: Option<i64>) -> Result<Option<u64>, ApiError> {
    let latest = millis(state.now() + state.knobs.preview_retention);
    match check_expiry(expires_at, state.now())? {
        Some(expires_at) if expires_at > latest => {
            Err(ApiError::bad_request("InvalidExpiresAt", "the expiry exceeds the retention of preview deployments"))
        }
        expires_at => Ok(expires_at),
    }
}
