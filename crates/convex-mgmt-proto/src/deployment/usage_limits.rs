//! Usage limits: the usage at which a deployment sends a warning or stops running functions.
//!
//! Source: convex-backend `crates/local_backend/src/usage_limits.rs` and `crates/model/src/usage_limits`.

use serde::{Deserialize, Serialize};

use super::usage::{CurrentUsage, UsageLimitWindow, UsageMetric};
use crate::error::ErrorCode;
use crate::error::{Violation, Violations};
use crate::types::UsageLimitId;
use crate::types::open::open_enum;

open_enum! {
    /// The effect of a limit when usage reaches it.
    pub enum UsageLimitType {
        /// The server sends a warning. A dev deployment in the cloud cannot have such a limit.
        Warning = "warning",
        /// The deployment stops running functions, until the window ends or the limit is changed.
        Disable = "disable",
    }
}

/// The settings of a usage limit. A deployment has at most one limit for each metric, window and type, enabled or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UsageLimitConfig {
    /// The metric that is limited.
    pub metric: UsageMetric,
    /// The window in which usage counts towards the limit.
    pub window: UsageLimitWindow,
    /// The effect when usage reaches the limit.
    pub limit_type: UsageLimitType,
    /// The limit, in the metric's unit: from 1 to 9,223,372,036,854,775,807.
    pub limit: u64,
    /// `true` if the limit is in force.
    pub enabled: bool,
}

impl UsageLimitConfig {
    /// Creates an enabled limit.
    pub fn new(metric: UsageMetric, window: UsageLimitWindow, limit_type: UsageLimitType, limit: u64) -> Self {
        Self { metric, window, limit_type, limit, enabled: true }
    }

    /// Enables or disables the limit.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Checks the rules of the server that do not depend on the deployment.
    ///
    /// # Errors
    /// The violation, with the error code that the server would return.
    pub fn check(&self) -> Result<(), Violations> {
        let violation = match self.limit {
            0 => Violation::new("limit", ErrorCode::InvalidUsageLimit, "must be at least 1"),
            limit if i64::try_from(limit).is_err() => {
                let rule = format!("must be at most {}", i64::MAX);
                Violation::new("limit", ErrorCode::InternalServerError, rule)
            }
            _ => return Ok(()),
        };
        Violations::err_if_any(vec![violation])
    }
}

/// A usage limit of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UsageLimit {
    /// The id of the limit.
    pub id: UsageLimitId,
    /// The metric that is limited.
    pub metric: UsageMetric,
    /// The window in which usage counts towards the limit.
    pub window: UsageLimitWindow,
    /// The effect when usage reaches the limit.
    pub limit_type: UsageLimitType,
    /// The limit, in the metric's unit.
    pub limit: u64,
    /// `true` if the limit is in force.
    pub enabled: bool,
}

impl UsageLimit {
    /// Creates the value from an id and settings.
    pub fn new(id: UsageLimitId, config: UsageLimitConfig) -> Self {
        let UsageLimitConfig { metric, window, limit_type, limit, enabled } = config;
        Self { id, metric, window, limit_type, limit, enabled }
    }

    /// Returns the settings, to be changed and sent with [`UpdateUsageLimit`], which replaces all of them.
    pub fn config(&self) -> UsageLimitConfig {
        let Self { metric, window, limit_type, limit, enabled, .. } = self.clone();
        UsageLimitConfig { metric, window, limit_type, limit, enabled }
    }

    /// Returns `true` if usage has reached the limit, compared as the server compares them. `None` if `usage` lacks the metric,
    /// or if this version does not know the window.
    pub fn is_reached(&self, usage: &CurrentUsage) -> Option<bool> {
        let used = usage.of(&self.metric)?.usage.of(&self.window)?;
        Some(used >= self.limit as f64)
    }
}

deployment_operation! {
    /// Lists the usage limits of the deployment. Their order has no meaning.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::ListUsageLimits;
    ///
    /// let limits = ListUsageLimits::decode(&r#"{"usageLimits":[]}"#.into())?;
    /// assert!(limits.is_empty());
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct ListUsageLimits {}

    id: "list_usage_limits",
    request: GET "/list_usage_limits",
    response: field("usageLimits", Vec<UsageLimit>),
    idempotency: Safe,
    permission: "deployment:usageLimits:view",
    codes: [],
}

impl ListUsageLimits {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

deployment_operation! {
    /// Creates a usage limit and returns it with its id.
    ///
    /// If the outcome is unknown, look for the metric, window and type in the list.
    ///
    /// ```
    /// use convex_mgmt::deployment::CreateUsageLimit;
    /// use convex_mgmt::deployment::usage::UsageMetric;
    /// use convex_mgmt::deployment::usage::UsageLimitWindow;
    /// use convex_mgmt::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
    ///
    /// let mut limit = UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, 0);
    /// assert!(limit.check().is_err());
    /// limit.limit = 1_000_000;
    /// assert!(CreateUsageLimit::new(limit).config.check().is_ok());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateUsageLimit {
        /// The settings of the limit.
        pub config: UsageLimitConfig,
    }

    id: "create_usage_limit",
    request: POST "/create_usage_limit",
    body: |it| &it.config,
    response: field("usageLimit", UsageLimit),
    idempotency: NonIdempotent,
    permission: "deployment:usageLimits:write",
    verify_with: ListUsageLimits,
    codes: [InvalidUsageLimit, UsageLimitBelowCurrentUsage, DuplicateUsageLimit, UsageLimitWarningNotSupported],
    check: |it| it.config.check(),
}

impl CreateUsageLimit {
    /// Creates a usage limit with these settings.
    pub fn new(config: UsageLimitConfig) -> Self {
        Self { config }
    }
}

deployment_operation! {
    /// Replaces all settings of a usage limit. [`UsageLimit::config`] returns the current ones.
    ///
    /// Repeating the call adds one more entry to the audit log.
    ///
    /// ```
    /// use convex_mgmt::deployment::UpdateUsageLimit;
    /// use convex_mgmt::deployment::usage_limits::UsageLimit;
    ///
    /// fn switched_off(limit: &UsageLimit) -> UpdateUsageLimit {
    ///     UpdateUsageLimit::new(&limit.id, limit.config().enabled(false))
    /// }
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UpdateUsageLimit {
        /// The limit to replace.
        pub id: UsageLimitId,
        /// The new settings.
        pub config: UsageLimitConfig,
    }

    id: "update_usage_limit",
    request: POST "/update_usage_limit/{id}",
    path: [id],
    body: |it| &it.config,
    response: field("usageLimit", UsageLimit),
    idempotency: Idempotent,
    permission: "deployment:usageLimits:write",
    verify_with: ListUsageLimits,
    codes: [
        InvalidUsageLimit, UsageLimitBelowCurrentUsage, DuplicateUsageLimit, UsageLimitWarningNotSupported, InvalidId,
        UsageLimitNotFound
    ],
    check: |it| it.config.check(),
}

impl UpdateUsageLimit {
    /// Replaces the settings of the usage limit `id` with `config`.
    pub fn new(id: impl Into<UsageLimitId>, config: UsageLimitConfig) -> Self {
        Self { id: id.into(), config }
    }
}

deployment_operation! {
    /// Deletes a usage limit.
    ///
    /// ```
    /// use convex_mgmt::deployment::DeleteUsageLimit;
    /// use convex_mgmt::{DeployKey, Endpoint, Operation};
    ///
    /// # let key = DeployKey::parse("happy-animal-123|01abcd")?;
    /// # let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
    /// let request = DeleteUsageLimit::new("a/b").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/api/v1/delete_usage_limit/a%2Fb");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeleteUsageLimit {
        /// The limit to delete.
        pub id: UsageLimitId,
    }

    id: "delete_usage_limit",
    request: POST "/delete_usage_limit/{id}",
    path: [id],
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:usageLimits:write",
    not_found: UsageLimitNotFound,
    verify_with: ListUsageLimits,
    codes: [InvalidId, UsageLimitNotFound],
}

impl DeleteUsageLimit {
    /// Deletes the usage limit `id`.
    pub fn new(id: impl Into<UsageLimitId>) -> Self {
        Self { id: id.into() }
    }
}

#[cfg(feature = "samples")]
mod samples {
    //! Sample requests and responses.

    use serde_json::{Value, json};

    use super::*;
    use crate::operation::sample::Sample;

    /// Settings with each metric, window and type, and both ends of the range of limits.
    fn configs() -> Vec<UsageLimitConfig> {
        let mut all = Vec::new();
        for metric in UsageMetric::KNOWN {
            let limit = |window, kind, limit| UsageLimitConfig::new(metric.clone(), window, kind, limit);
            all.push(limit(UsageLimitWindow::Day, UsageLimitType::Warning, 1));
            all.push(limit(UsageLimitWindow::Month, UsageLimitType::Disable, i64::MAX.unsigned_abs()).enabled(false));
        }
        all
    }

    fn invalid_configs() -> [UsageLimitConfig; 2] {
        let limit = |limit| {
            UsageLimitConfig::new(UsageMetric::DatabaseIo, UsageLimitWindow::Day, UsageLimitType::Disable, limit)
        };
        [limit(0), limit(i64::MAX.unsigned_abs() + 1)]
    }

    fn limit() -> Value {
        json!({
            "id": "i", "metric": "functionCalls", "window": "day", "limitType": "disable", "limit": 5, "enabled": true
        })
    }

    impl Sample for ListUsageLimits {
        fn requests() -> Vec<Self> {
            vec![Self::new()]
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "usageLimits": [limit()] })]
        }
    }

    impl Sample for CreateUsageLimit {
        fn requests() -> Vec<Self> {
            configs().into_iter().map(Self::new).collect()
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            invalid_configs().map(|config| (Self::new(config), "limit")).into()
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(serde_json::from_str(body).map(Self::new))
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "usageLimit": limit() })]
        }
    }

    impl Sample for UpdateUsageLimit {
        fn requests() -> Vec<Self> {
            configs().into_iter().map(|config| Self::new("some-id", config)).collect()
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            configs().into_iter().take(1).map(|config| Self::new(text, config)).collect()
        }

        fn invalid() -> Vec<(Self, &'static str)> {
            invalid_configs().map(|config| (Self::new("some-id", config), "limit")).into()
        }

        #[cfg(feature = "serde-all")]
        fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
            Some(serde_json::from_str(body).map(|config| Self::new("some-id", config)))
        }

        fn responses() -> Vec<Value> {
            vec![json!({ "usageLimit": limit() })]
        }
    }

    impl Sample for DeleteUsageLimit {
        fn requests() -> Vec<Self> {
            vec![Self::new("some-id")]
        }

        fn with_url_text(text: &str) -> Vec<Self> {
            vec![Self::new(text)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::usage::{MetricUnit, MetricUsage, SeedStatus, WindowUsage};
    use super::*;
    use crate::auth::DeployKey;
    use crate::error::BuildError;
    use crate::metadata::DeploymentApi;
    use crate::operation::Operation;
    use crate::request::Endpoint;
    use bytes::Bytes;

    fn config(limit: u64) -> UsageLimitConfig {
        UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, limit)
    }

    fn endpoint() -> Endpoint<DeploymentApi> {
        Endpoint::new("https://h", &DeployKey::parse("n|01ab").unwrap()).unwrap()
    }

    #[test]
    fn sends_all_settings_and_the_limit_as_an_integer() {
        let update = UpdateUsageLimit::new("a/b", config(1 << 62).enabled(false)).to_request(&endpoint()).unwrap();
        assert_eq!(update.uri(), "https://h/api/v1/update_usage_limit/a%2Fb");
        let body = r#"{"metric":"functionCalls","window":"day","limitType":"disable","limit":4611686018427387904,"enabled":false}"#;
        assert_eq!(update.body(), body);
    }

    #[test]
    fn rejects_limits_that_the_server_would_reject() {
        let code = |limit| match config(limit).check() {
            Ok(()) => None,
            Err(violations) => violations.iter().next().and_then(|violation| violation.code.clone()),
        };
        assert_eq!(code(0), Some(ErrorCode::InvalidUsageLimit));
        assert_eq!(code(1), None);
        assert_eq!(code(i64::MAX as u64), None);
        assert_eq!(code(i64::MAX as u64 + 1), Some(ErrorCode::InternalServerError));
        assert!(matches!(CreateUsageLimit::new(config(0)).to_request(&endpoint()), Err(BuildError::Invalid(_))));
        assert!(CreateUsageLimit::new(config(0)).unchecked().to_request(&endpoint()).is_ok());
        assert!(UpdateUsageLimit::new("x", config(0)).to_request(&endpoint()).is_err());
    }

    #[test]
    fn rejects_ids_that_cannot_be_path_segments() {
        for id in ["", ".", ".."] {
            let error = DeleteUsageLimit::new(id).to_request(&endpoint()).unwrap_err();
            assert!(matches!(error, BuildError::PathValue { field: "id", .. }), "{id}");
        }
    }

    #[test]
    fn reads_a_limit_with_unknown_values_and_returns_its_settings() {
        let json = r#"{"usageLimit":{"id":"x","metric":"tea","window":"year","limitType":"ask","limit":18446744073709551615,"enabled":true}}"#;
        let limit = CreateUsageLimit::decode(&Bytes::from(json)).unwrap();
        let config = UsageLimitConfig::new(
            UsageMetric::from("tea"),
            UsageLimitWindow::from("year"),
            UsageLimitType::from("ask"),
            u64::MAX,
        );
        assert_eq!(limit, UsageLimit::new("x".into(), config.clone()));
        assert_eq!(limit.config(), config);
        for (bad, path) in [("5.0", "usageLimit.limit"), ("-1", "usageLimit.limit"), ("\"5\"", "usageLimit.limit")] {
            let json = json.replace("18446744073709551615", bad);
            assert_eq!(CreateUsageLimit::decode(&Bytes::from(json)).unwrap_err().path, path, "{bad}");
        }
    }

    #[test]
    fn a_limit_is_reached_when_usage_is_not_below_it() {
        let usage = MetricUsage::new(MetricUnit::Calls, WindowUsage::new(10.0, 50.0));
        let usage = CurrentUsage::new([(UsageMetric::FunctionCalls, usage)], SeedStatus::Complete);
        let reached = |config| UsageLimit::new("x".into(), config).is_reached(&usage);
        assert_eq!(reached(config(10)), Some(true));
        assert_eq!(reached(config(11)), Some(false));
        let month = UsageLimitConfig { window: UsageLimitWindow::Month, ..config(11) };
        assert_eq!(reached(month), Some(true));
        assert_eq!(reached(UsageLimitConfig { metric: UsageMetric::DatabaseIo, ..config(1) }), None);
    }
}
