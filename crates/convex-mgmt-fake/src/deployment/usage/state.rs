//! [`Usage`]: what a deployment stores about usage and its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limit::Limit;
use super::meter::{Meter, SeedStatus, UsageMetric, UsageWindow};

/// The usage of a deployment and its limits.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(super) meter: Meter,
    pub(crate) seed_status: SeedStatus,
    /// By id.
    pub(super) limits: BTreeMap<String, Limit>,
    /// For each limit, the last window in which the audit log reported it as reached.
    pub(super) reported: BTreeMap<String, i64>,
    /// The time since the limits were last evaluated.
    pub(super) unevaluated: Duration,
}

impl Usage {
    /// Adds to the usage of the current day and month, in the unit of the metric.
    pub(crate) fn add(&mut self, metric: UsageMetric, amount: f64, now: Duration) {
        for window in [UsageWindow::Day, UsageWindow::Month] {
            let used = self.meter.used(metric, window, now);
            self.meter.set(metric, window, used + amount, now);
        }
    }

    /// Sets the usage of the current window, in the unit of the metric.
    pub(crate) fn set(&mut self, metric: UsageMetric, window: UsageWindow, amount: f64, now: Duration) {
        self.meter.set(metric, window, amount, now);
    }
}
