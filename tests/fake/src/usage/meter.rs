//! What is metered, by which windows, and how much it is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is metered. In the order of the names, as the API tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum UsageMetric {
    /// Actions in Convex's own runtime, in GB-hours.
    ActionComputeConvexGbHours,
    /// The CPU of actions, in GB-hours.
    ActionComputeCpuGbHours,
    /// Actions in Node.js, in GB-hours.
    ActionComputeNodeJsGbHours,
    /// What was sent to clients, in GB.
    DataEgressGb,
    /// What was read from and written to the database, in GB.
    DatabaseIoGb,
    /// How often functions ran.
    FunctionCalls,
    /// Queries and mutations, in GB-hours.
    QueryMutationComputeGbHours,
    /// What was searched, in Query-GB.
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

/// For how long usage adds up, by the calendar of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum UsageWindow {
    /// A day.
    Day,
    /// A month.
    Month,
}

impl UsageWindow {
    /// The number of the window that a time lies in.
    pub(super) fn number(self, time: Duration) -> i64 {
        let days = i64::try_from(time.as_secs() / (24 * 3600)).unwrap_or(i64::MAX / 2);
        match self {
            Self::Day => days,
            Self::Month => month(days),
        }
    }
}

/// The number of the month, counted from the year 0, of a day counted from 1970-01-01.
fn month(days: i64) -> i64 {
    // A year that begins in March ends with its leap day. In 400 years there are 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    // The months from March on have 31, 30, 31, 30, 31 days, and again, and again.
    let month = (5 * day_of_year + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

/// How far the usage of the past has been loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SeedStatus {
    /// Not at all, which is how a self-hosted deployment stays.
    #[default]
    Pending,
    /// In part.
    Partial,
    /// Wholly.
    Complete,
    /// It could not be loaded.
    Failed,
}

/// How much was used, in the units that the API tells.
#[derive(Debug, Default)]
pub(super) struct Meter(BTreeMap<(UsageMetric, UsageWindow), (i64, f64)>);

impl Meter {
    /// What was used in the window that now lies in.
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
    fn months_of_the_calendar() {
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
    fn usage_ends_with_its_window() {
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
