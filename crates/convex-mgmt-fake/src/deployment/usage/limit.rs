//! [`Limit`]: a limit on usage. Source: convex-backend's `crates/model/src/usage_limits`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::meter::{UsageMetric, UsageWindow};

/// A usage limit, with the fields of requests and responses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Limit {
    pub(super) metric: UsageMetric,
    pub(super) window: UsageWindow,
    pub(super) limit_type: LimitType,
    pub(super) limit: u64,
    pub(super) enabled: bool,
}

impl Limit {
    /// The limit as the audit log shows it, with 64-bit integers as strings.
    pub(super) fn audited(&self) -> Value {
        let Self { metric, window, limit_type, limit, enabled } = self;
        json!({
            "metric": metric, "window": window, "limitType": limit_type, "limit": limit.to_string(), "enabled": enabled,
        })
    }
}

/// The effect of reaching a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum LimitType {
    Warning,
    Disable,
}
