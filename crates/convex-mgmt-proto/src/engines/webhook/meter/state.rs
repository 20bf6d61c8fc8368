//! [`Meter`]: the sums, and the recent batches that are counted once however often they arrive.

use std::time::Duration;

use super::usage::MeteredUsage;
use crate::engines::webhook::by_age::{ByAge, is_older};
use crate::engines::webhook::digest::BatchDigest;
use crate::engines::webhook::event::Batch;
use crate::types::UnixMillis;

/// The default horizon of a [`Meter`]: an hour.
pub const DEFAULT_HORIZON: Duration = Duration::from_secs(3600);

/// The default capacity of a [`Meter`]: 8,192 batches. That is an hour of 11 log streams that send a batch every 5 seconds.
pub const DEFAULT_CAPACITY: usize = 8192;

/// Adds up the billing counters of batches, by deployment and by function.
///
/// * **Exact.** All sums are integers of 128 bits. A receiver can bill by them.
/// * **Idempotent.** A batch that arrives again counts once, within the horizon.
/// * **Mergeable.** Several receivers each have a meter, and [`Meter::merge`] combines them. A batch that two of them received
///   counts once, within the horizon. The order of merges does not matter.
/// * **Storable.** serde stores a meter completely, recent batches included. Store it before the response to a delivery: the server
///   repeats a batch whose response it does not see.
///
/// Meter one log stream of each deployment. An event has no id, so it counts twice if two streams deliver it in different batches.
///
/// Events that cannot be read are counted in [`DeliveryCounts`](super::DeliveryCounts), and their counters are missing.
///
/// # The horizon
///
/// The meter keeps the usage of each recent batch with its digest. After the horizon, it adds the usage to a total and forgets the
/// digest. The oldest batches go first if there are more than the capacity. A batch that arrives again after that counts twice.
/// The server's retries of a batch span at most 8 minutes: 6 attempts of 30 seconds, and 5 delays of up to 60 seconds.
///
/// Set the capacity to the batches of a horizon. A log stream sends one batch every 5 seconds, and more if there are more than 128
/// events. A batch takes about 500 bytes for each different function in it.
///
/// # Several receivers
///
/// A collector has a meter with a longer horizon. It repeatedly merges the [recent batches](Meter::recent) of each receiver, and
/// only its own sums are billed. A merge that is repeated, for example after a lost response, has no further effect. The sums are
/// exact if the collector's horizon exceeds the sum of:
///
/// * the receivers' horizon
/// * the interval between two merges
/// * the difference between the clocks
///
/// The interval must be shorter than the receivers' horizon, and no receiver may exceed its capacity within it. The collector's
/// capacity must suffice for the batches of all receivers within its horizon: it would count a batch again that it has forgotten.
/// A collector that records no batches itself calls [`Meter::settle`] after each round of merges, so that its memory stays bounded.
///
/// ```
/// use convex_mgmt::UnixMillis;
/// use convex_mgmt::webhook::{self, BatchDigest, Meter};
///
/// let body = bytes::Bytes::from(
///     r#"[{"timestamp":1,"topic":"log_stream_egress","egress_bytes":700,"convex":{"deployment_name":"a"}}]"#,
/// );
/// let (digest, batch) = (BatchDigest::of(&body), webhook::read(&body)?);
/// let mut meter = Meter::default();
/// assert!(meter.record(digest, &batch, UnixMillis(1000)));
/// // The server repeats the batch.
/// assert!(!meter.record(digest, &batch, UnixMillis(2000)));
///
/// let usage = meter.usage();
/// assert_eq!(usage.deployments["a"].log_stream_egress_bytes, 700);
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    pub(super) horizon: Duration,
    pub(super) capacity: usize,
    /// The usage of batches beyond the horizon.
    pub(super) total: MeteredUsage,
    /// The usage of recent batches.
    pub(super) recent: ByAge<MeteredUsage>,
}

impl Meter {
    /// Creates an empty meter that recognizes batches for the time `horizon`, and at most `capacity` of them.
    pub fn new(horizon: Duration, capacity: usize) -> Self {
        Self { horizon, capacity, total: MeteredUsage::default(), recent: ByAge::default() }
    }

    /// Changes horizon and capacity, for example after a meter was read with others. Applies them with the next batch.
    pub fn set_limits(&mut self, horizon: Duration, capacity: usize) {
        (self.horizon, self.capacity) = (horizon, capacity);
    }

    /// Counts a batch, and returns `true`. Returns `false` if the batch with this digest is already counted.
    ///
    /// `digest` is that of the delivery's body ([`Verified::digest`](crate::engines::webhook::Verified::digest)); `now` is the receiver's
    /// clock.
    pub fn record(&mut self, digest: BatchDigest, batch: &Batch, now: UnixMillis) -> bool {
        self.fold_old(now);
        if self.recent.contains_any(&digest) {
            return false;
        }
        self.recent.insert(digest, now, MeteredUsage::of(batch));
        self.fold_many();
        true
    }

    /// Adds the batches of another meter.
    ///
    /// A recent batch of both counts once, from the earlier of its two times. The totals beyond the horizons are added, so merge a
    /// receiver's whole meter at most once. Merge its [recent batches](Meter::recent) any number of times. Keeps the limits of this
    /// meter, and applies them with the next batch or by [`Meter::settle`].
    pub fn merge(&mut self, other: &Self) {
        self.total.add(&other.total);
        for (digest, received, usage) in other.recent.iter() {
            self.recent.insert(*digest, received, usage.clone());
        }
    }

    /// Adds the batches beyond the horizon or the capacity to the total, and forgets their digests. The sums stay the same.
    ///
    /// [`Meter::record`] does so, too. A meter that only merges others needs this call, or it keeps each batch forever.
    pub fn settle(&mut self, now: UnixMillis) {
        self.fold_old(now);
        self.fold_many();
    }

    /// Returns a meter with the batches within the horizon only, and without the totals of earlier ones.
    #[must_use]
    pub fn recent(&self, now: UnixMillis) -> Self {
        let mut recent = Self::new(self.horizon, self.capacity);
        for (digest, received, usage) in self.recent.iter().filter(|(_, time, _)| !is_older(*time, now, self.horizon)) {
            recent.recent.insert(*digest, received, usage.clone());
        }
        recent
    }

    /// Returns `true` if the batch with this digest is counted and within the horizon.
    pub fn contains(&self, digest: &BatchDigest, now: UnixMillis) -> bool {
        self.recent.contains(digest, now, self.horizon)
    }

    /// Returns all sums, those of recent batches included.
    pub fn usage(&self) -> MeteredUsage {
        let mut usage = self.total.clone();
        self.recent.iter().for_each(|(_, _, batch)| usage.add(batch));
        usage
    }

    /// Adds the batches beyond the horizon to the total.
    fn fold_old(&mut self, now: UnixMillis) {
        while let Some(usage) = self.recent.pop_older(now, self.horizon) {
            self.total.add(&usage);
        }
    }

    /// Adds the batches beyond the capacity to the total.
    fn fold_many(&mut self) {
        while let Some(usage) = self.recent.pop_beyond(self.capacity) {
            self.total.add(&usage);
        }
    }
}

/// A meter with [`DEFAULT_HORIZON`] and [`DEFAULT_CAPACITY`].
impl Default for Meter {
    fn default() -> Self {
        Self::new(DEFAULT_HORIZON, DEFAULT_CAPACITY)
    }
}

#[cfg(test)]
mod tests;
