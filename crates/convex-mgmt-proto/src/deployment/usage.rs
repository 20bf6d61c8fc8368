//! Usage: how much of each metric a deployment has used in the windows that are under way.
//!
//! Source: convex-backend `crates/local_backend/src/usage_limits.rs` and `crates/usage_limits/src`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::types::open::open_enum;

open_enum! {
    /// The window in which usage is held against a limit. Windows begin with the day and the month in UTC.
    pub enum UsageLimitWindow {
        /// A day.
        Day = "day",
        /// A month.
        Month = "month",
    }
}

open_enum! {
    /// What is metered.
    pub enum UsageMetric {
        /// Calls of functions, and downloads of stored files.
        FunctionCalls = "functionCalls",
        /// Reading and writing of the database, in GB of 2^30 bytes.
        DatabaseIo = "databaseIoGb",
        /// What leaves the deployment, in GB of 2^30 bytes.
        DataEgress = "dataEgressGb",
        /// Searching, in query-GB.
        SearchQuery = "searchQueryGb",
        /// Running queries and mutations, in GB-hours.
        QueryMutationCompute = "queryMutationComputeGbHours",
        /// Running actions in Convex's runtime, in GB-hours.
        ActionComputeConvex = "actionComputeConvexGbHours",
        /// Running actions in Node.js, in GB-hours.
        ActionComputeNodeJs = "actionComputeNodeJsGbHours",
        /// The processor time of actions, in GB-hours.
        ActionComputeCpu = "actionComputeCpuGbHours",
    }
}

open_enum! {
    /// What a metric is counted in. Limits are in the same unit.
    pub enum MetricUnit {
        /// Calls.
        Calls = "calls",
        /// GB of 2^30 bytes.
        Gb = "GB",
        /// Query-GB.
        QueryGb = "Query-GB",
        /// GB-hours.
        GbHours = "GB-hours",
    }
}

open_enum! {
    /// How far a deployment has come with learning what was used before it was started.
    pub enum SeedStatus {
        /// Not begun: usage may be far higher than it is told. A self-hosted server stays so for ever.
        Pending = "pending",
        /// Begun: usage may be higher than it is told.
        Partial = "partial",
        /// Done: usage is what it is told.
        Complete = "complete",
        /// Given up: usage may be far higher than it is told.
        Failed = "failed",
    }
}

/// Usage in the windows that are under way, which begin with the day and the month in UTC.
///
/// Its fields are `snake_case` on the wire, unlike everything around them.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WindowUsage {
    /// Since the day began.
    pub current_day: f64,
    /// Since the month began.
    pub current_month: f64,
}

impl WindowUsage {
    /// Usage in both windows.
    pub fn new(current_day: f64, current_month: f64) -> Self {
        Self { current_day, current_month }
    }

    /// Returns the usage in the window of a limit; `None` for a window that this version does not know.
    pub fn of(&self, window: &UsageLimitWindow) -> Option<f64> {
        match window {
            UsageLimitWindow::Day => Some(self.current_day),
            UsageLimitWindow::Month => Some(self.current_month),
            UsageLimitWindow::_Unknown(_) => None,
        }
    }
}

/// Usage of one metric.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MetricUsage {
    /// What it is counted in.
    pub unit: MetricUnit,
    /// How much.
    pub usage: WindowUsage,
}

impl MetricUsage {
    /// Usage in a unit.
    pub fn new(unit: MetricUnit, usage: WindowUsage) -> Self {
        Self { unit, usage }
    }
}

/// Usage of all metrics.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CurrentUsage {
    /// The usage by metric. The server lists all metrics, unused ones too. A map with such keys is searched by text too:
    /// `metrics.get("functionCalls")`.
    pub metrics: BTreeMap<UsageMetric, MetricUsage>,
    /// Whether the numbers are complete.
    pub seed_status: SeedStatus,
}

impl CurrentUsage {
    /// Usage of these metrics.
    pub fn new(metrics: impl IntoIterator<Item = (UsageMetric, MetricUsage)>, seed_status: SeedStatus) -> Self {
        Self { metrics: metrics.into_iter().collect(), seed_status }
    }

    /// Usage of one metric.
    pub fn of(&self, metric: &UsageMetric) -> Option<&MetricUsage> {
        self.metrics.get(metric)
    }

    /// Whether the numbers are what was used, and not only a part of it.
    pub fn is_complete(&self) -> bool {
        self.seed_status == SeedStatus::Complete
    }
}

deployment_operation! {
    /// Reads how much the deployment has used of each metric, in the current day and month (UTC).
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::GetCurrentUsage;
    /// use convex_mgmt::deployment::usage::UsageMetric;
    ///
    /// let body = r#"{"metrics":{"functionCalls":{"unit":"calls","usage":{"current_day":3.0,"current_month":40.0}}},"seedStatus":"complete"}"#;
    /// let usage = GetCurrentUsage::decode(&body.into())?;
    /// assert_eq!(usage.of(&UsageMetric::FunctionCalls).map(|calls| calls.usage.current_month), Some(40.0));
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct GetCurrentUsage {}

    id: "get_current_usage",
    request: GET "/get_current_usage",
    response: object(CurrentUsage),
    idempotency: Safe,
    permission: "deployment:usage:view",
    codes: [],
}

impl GetCurrentUsage {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for GetCurrentUsage {
    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }

    const REMOVABLE: &'static [&'static str] = &["functionCalls"];

    fn responses() -> Vec<serde_json::Value> {
        vec![serde_json::json!({
            "metrics": {"functionCalls": {"unit": "calls", "usage": {"current_day": 1.5, "current_month": 2.5}}},
            "seedStatus": "pending"
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use bytes::Bytes;

    #[test]
    fn usage_is_read_with_metrics_and_units_that_are_new() {
        let json = r#"{"metrics":{
            "functionCalls":{"unit":"calls","usage":{"current_day":3.0,"current_month":40}},
            "tea":{"unit":"cups","usage":{"current_day":6.444752216339111e-7,"current_month":1e21}}},"seedStatus":"sown"}"#;
        let usage = GetCurrentUsage::decode(&Bytes::from(json)).unwrap();
        let calls = usage.of(&UsageMetric::FunctionCalls).unwrap();
        assert_eq!(*calls, MetricUsage::new(MetricUnit::Calls, WindowUsage::new(3.0, 40.0)));
        let tea = usage.of(&UsageMetric::from("tea")).unwrap();
        assert_eq!(tea.unit.as_str(), "cups");
        // To the last digit: numbers are what the server wrote.
        assert_eq!(tea.usage, WindowUsage::new(6.444752216339111e-7, 1e21));
        assert_eq!(usage.metrics.get("tea"), Some(tea));
        assert!(!usage.is_complete() && usage.of(&UsageMetric::DatabaseIo).is_none());
    }

    #[test]
    fn usage_is_that_of_a_limits_window() {
        let usage = WindowUsage::new(3.0, 40.0);
        let windows = [UsageLimitWindow::Day, UsageLimitWindow::Month, "year".into()];
        assert_eq!(windows.map(|window| usage.of(&window)), [Some(3.0), Some(40.0), None]);
    }

    #[test]
    fn a_window_in_camel_case_is_not_the_servers() {
        let json = r#"{"metrics":{"functionCalls":{"unit":"calls","usage":{"currentDay":1}}},"seedStatus":"pending"}"#;
        let error = GetCurrentUsage::decode(&Bytes::from(json)).unwrap_err();
        assert_eq!(
            (error.path.as_str(), error.expected.as_str()),
            ("metrics.functionCalls.usage", "the field `current_day`")
        );
    }
}
