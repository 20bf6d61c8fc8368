//! The metrics and windows of usage, and the meter that counts it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A usage metric. The variants are sorted by name, as the API returns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum UsageMetric {
    /// Compute of actions in the Convex runtime, in GB-hours.
    ActionComputeConvexGbHours,
    /// CPU of actions, in GB-hours.
    ActionComputeCpuGbHours,
    /// Compute of actions in Node.js, in GB-hours.
    ActionComputeNodeJsGbHours,
    /// Data sent to clients, in GB.
    DataEgressGb,
    /// Data read from and written to the database, in GB.
    DatabaseIoGb,
    /// Number of function calls.
    FunctionCalls,
    /// Compute of queries and mutations, in GB-hours.
    QueryMutationComputeGbHours,
    /// Data searched by queries, in Query-GB.
    SearchQueryGb,
}

impl UsageMetric {
    pub(super) const ALL: [Self; 8] = [
        Self::ActionComputeConvexGbHours,
        Self::ActionComputeCpuGbHours,
        Self::ActionComputeNodeJsGbHours,
        Self::DataEgressGb,
        Self::DatabaseIoGb,
        Self::FunctionCalls,
        Self::QueryMutationComputeGbHours,
        Self::SearchQueryGb,
    ];

    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::FunctionCalls => "calls",
            Self::DataEgressGb | Self::DatabaseIoGb => "GB",
            Self::SearchQueryGb => "Query-GB",
            Self::ActionComputeConvexGbHours
            | Self::ActionComputeCpuGbHours
            | Self::ActionComputeNodeJsGbHours
            | Self::QueryMutationComputeGbHours => "GB-hours",
        }
    }
}

/// A window in which usage accumulates, by the UTC calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum UsageWindow {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

impl UsageWindow {
    /// Returns the number of the window that contains a time.
    pub(super) fn number(self, time: Duration) -> i64 {
        let days = i64::try_from(time.as_secs() / (24 * 3600)).unwrap_or(i64::MAX / 2);
        match self {
            Self::Day => days,
            Self::Month => month(days),
        }
    }
}

/// Returns the month of a day. Days count from 1970-01-01, months from the year 0.
fn month(days: i64) -> i64 {
    // A year that begins in March ends with its leap day. 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    // From March on, the lengths of months repeat: 31, 30, 31, 30, 31 days.
    let month = (5 * day_of_year + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

/// The state of loading past usage into the meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SeedStatus {
    /// Not started. A self-hosted deployment stays in this state.
    #[default]
    Pending,
    /// Partly loaded.
    Partial,
    /// Completely loaded.
    Complete,
    /// Loading has failed.
    Failed,
}

/// The amounts used per metric and window, in the units of the metrics.
#[derive(Debug, Default)]
pub(super) struct Meter(BTreeMap<(UsageMetric, UsageWindow), (i64, f64)>);

impl Meter {
    /// Returns the usage in the window that contains `now`.
    pub(super) fn used(&self, metric: UsageMetric, window: UsageWindow, now: Duration) -> f64 {
        match self.0.get(&(metric, window)) {
            Some((number, amount)) if *number == window.number(now) => *amount,
            _ => 0.0,
        }
    }

    pub(super) fn set(&mut self, metric: UsageMetric, window: UsageWindow, amount: f64, now: Duration) {
        self.0.insert((metric, window), (window.number(now), amount));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_starts_on_its_first_day_in_utc() {
        let at = |seconds| UsageWindow::Month.number(Duration::from_secs(seconds));
        for (seconds, year, month) in [
            (0, 1970, 1),
            (31 * 86_400 - 1, 1970, 1),
            (31 * 86_400, 1970, 2),
            (951_782_400, 2000, 2),
            (951_868_800, 2000, 3),
            (1_709_251_199, 2024, 2),
            (1_709_251_200, 2024, 3),
            (1_735_689_599, 2024, 12),
            (1_735_689_600, 2025, 1),
            (4_107_542_399, 2100, 2),
            (4_107_542_400, 2100, 3),
        ] {
            assert_eq!(at(seconds), year * 12 + month - 1, "{seconds}");
        }
    }

    #[test]
    fn usage_is_zero_in_the_next_window() {
        let mut meter = Meter::default();
        let noon = Duration::from_secs(1_709_208_000);
        let (metric, half_a_day) = (UsageMetric::FunctionCalls, Duration::from_secs(43_200));
        meter.set(metric, UsageWindow::Day, 3.0, noon);
        meter.set(metric, UsageWindow::Month, 5.0, noon - 28 * 2 * half_a_day);
        let used = |now| (meter.used(metric, UsageWindow::Day, now), meter.used(metric, UsageWindow::Month, now));
        assert_eq!(used(noon + half_a_day - Duration::from_nanos(1)), (3.0, 5.0));
        assert_eq!(used(noon + half_a_day), (0.0, 0.0), "the next day is the next month");
    }
}
