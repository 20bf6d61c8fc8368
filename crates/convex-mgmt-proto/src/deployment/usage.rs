//! Reading the usage of each metric in the current day and month.
//!
//! Source: convex-backend `crates/local_backend/src/usage_limits.rs` and `crates/usage_limits/src`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::types::open::open_enum;

open_enum! {
    /// The window in which usage counts towards a limit. Windows begin with the day and the month in UTC.
    pub enum UsageLimitWindow {
        /// The current day.
        Day = "day",
        /// The current month.
        Month = "month",
    }
}

open_enum! {
    /// A metric: something that the server counts.
    pub enum UsageMetric {
        /// Calls of functions, and downloads of stored files.
        FunctionCalls = "functionCalls",
        /// Database reads and writes, in GB of 2^30 bytes.
        DatabaseIo = "databaseIoGb",
        /// Data that leaves the deployment, in GB of 2^30 bytes.
        DataEgress = "dataEgressGb",
        /// Searches, in query-GB.
        SearchQuery = "searchQueryGb",
        /// Compute of queries and mutations, in GB-hours.
        QueryMutationCompute = "queryMutationComputeGbHours",
        /// Compute of actions in Convex's runtime, in GB-hours.
        ActionComputeConvex = "actionComputeConvexGbHours",
        /// Compute of actions in Node.js, in GB-hours.
        ActionComputeNodeJs = "actionComputeNodeJsGbHours",
        /// Processor time of actions, in GB-hours.
        ActionComputeCpu = "actionComputeCpuGbHours",
    }
}

open_enum! {
    /// The unit of a metric. Limits have the same unit.
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
    /// The progress of a deployment in loading the usage from before its server started.
    pub enum SeedStatus {
        /// Not started: the real usage may be far higher. A self-hosted server keeps this status forever.
        Pending = "pending",
        /// Started: the real usage may be higher.
        Partial = "partial",
        /// Complete: the numbers are the real usage.
        Complete = "complete",
        /// Failed: the real usage may be far higher.
        Failed = "failed",
    }
}

/// The usage of a metric in the current windows, which begin with the day and the month in UTC.
///
/// The fields are `snake_case` on the wire, unlike the rest of the response.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WindowUsage {
    /// The usage since the day began.
    pub current_day: f64,
    /// The usage since the month began.
    pub current_month: f64,
}

impl WindowUsage {
    /// Creates the value.
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

/// The usage of one metric.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MetricUsage {
    /// The unit of the numbers.
    pub unit: MetricUnit,
    /// The usage in each window.
    pub usage: WindowUsage,
}

impl MetricUsage {
    /// Creates the value.
    pub fn new(unit: MetricUnit, usage: WindowUsage) -> Self {
        Self { unit, usage }
    }
}

/// The usage of all metrics.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CurrentUsage {
    /// The usage by metric. The server lists all metrics, unused ones too. Keys are found by text too:
    /// `metrics.get("functionCalls")`.
    pub metrics: BTreeMap<UsageMetric, MetricUsage>,
    /// The progress of loading earlier usage, which decides whether the numbers are complete.
    pub seed_status: SeedStatus,
}

impl CurrentUsage {
    /// Creates the value.
    pub fn new(metrics: impl IntoIterator<Item = (UsageMetric, MetricUsage)>, seed_status: SeedStatus) -> Self {
        Self { metrics: metrics.into_iter().collect(), seed_status }
    }

    /// Returns the usage of a metric; `None` if the response does not contain it.
    pub fn of(&self, metric: &UsageMetric) -> Option<&MetricUsage> {
        self.metrics.get(metric)
    }

    /// Returns `true` if the numbers are the real usage, and not a part of it.
    ///
    /// Bound any wait for it: on a self-hosted server it is `false` forever.
    pub fn is_complete(&self) -> bool {
        self.seed_status == SeedStatus::Complete
    }
}

deployment_operation! {
    /// Reads the deployment's usage of each metric in the current day and month (UTC). The response lists unused metrics, too.
    ///
    /// Numbers may be incomplete: see [`CurrentUsage::is_complete`].
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
    fn reads_usage_with_unknown_metrics_and_units() {
        let json = r#"{"metrics":{
            "functionCalls":{"unit":"calls","usage":{"current_day":3.0,"current_month":40}},
            "tea":{"unit":"cups","usage":{"current_day":6.444752216339111e-7,"current_month":1e21}}},"seedStatus":"sown"}"#;
        let usage = GetCurrentUsage::decode(&Bytes::from(json)).unwrap();
        let calls = usage.of(&UsageMetric::FunctionCalls).unwrap();
        assert_eq!(*calls, MetricUsage::new(MetricUnit::Calls, WindowUsage::new(3.0, 40.0)));
        let tea = usage.of(&UsageMetric::from("tea")).unwrap();
        assert_eq!(tea.unit.as_str(), "cups");
        // Numbers keep every digit that the server wrote.
        assert_eq!(tea.usage, WindowUsage::new(6.444752216339111e-7, 1e21));
        assert_eq!(usage.metrics.get("tea"), Some(tea));
        assert!(!usage.is_complete() && usage.of(&UsageMetric::DatabaseIo).is_none());
    }

    #[test]
    fn finds_the_usage_in_the_window_of_a_limit() {
        let usage = WindowUsage::new(3.0, 40.0);
        let windows = [UsageLimitWindow::Day, UsageLimitWindow::Month, "year".into()];
        assert_eq!(windows.map(|window| usage.of(&window)), [Some(3.0), Some(40.0), None]);
    }

    #[test]
    fn rejects_windows_in_camel_case() {
        let json = r#"{"metrics":{"functionCalls":{"unit":"calls","usage":{"currentDay":1}}},"seedStatus":"pending"}"#;
        let error = GetCurrentUsage::decode(&Bytes::from(json)).unwrap_err();
        assert_eq!(
            (error.path.as_str(), error.expected.as_str()),
            ("metrics.functionCalls.usage", "the field `current_day`")
        );
    }
}
