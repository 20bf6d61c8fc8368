//! [`RecentBatches`]: the batches that a receiver has already processed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::BatchDigest;
use crate::types::UnixMillis;

/// Recognises deliveries that arrive again, within bounded memory.
///
/// The server repeats a batch when it does not see the response. It may also send a batch twice. Someone who recorded a delivery can
/// replay it. Deliveries have no id, so the digest of the body identifies them.
///
/// * `max_age` limits how long a batch is remembered. Choose more than the window of accepted events
///   ([`Window`](super::Window)), so that an older replay fails there.
/// * `capacity` limits the number of batches. The oldest one is forgotten first. A log stream sends one batch every 5 seconds, and
///   more if there are more than 128 events.
///
/// Insert a batch *after* its effects are stored, and store both together. A receiver that inserts first and then crashes loses the
/// batch, because it ignores the repeated delivery. serde stores the value for a restart, settings included.
///
/// ```
/// use std::time::Duration;
///
/// use convex_mgmt::UnixMillis;
/// use convex_mgmt::webhook::{BatchDigest, RecentBatches};
///
/// let mut recent = RecentBatches::new(10_000, Duration::from_secs(3600));
/// let (digest, now) = (BatchDigest::of(b"[]"), UnixMillis(1_700_000_000_000));
/// assert!(!recent.contains(&digest, now));
/// assert!(recent.insert(digest, now));
/// assert!(!recent.insert(digest, now));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentBatches {
    capacity: usize,
    max_age: Duration,
    times: BTreeMap<BatchDigest, UnixMillis>,
    /// The same entries, the oldest first.
    by_time: BTreeSet<(UnixMillis, BatchDigest)>,
}

impl RecentBatches {
    /// Creates an empty set that keeps at most `capacity` batches, each for `max_age`.
    pub fn new(capacity: usize, max_age: Duration) -> Self {
        Self { capacity, max_age, times: BTreeMap::new(), by_time: BTreeSet::new() }
    }

    /// Changes both limits, for example after a set was read with others. Applies them with the next insert.
    pub fn set_limits(&mut self, capacity: usize, max_age: Duration) {
        (self.capacity, self.max_age) = (capacity, max_age);
    }

    /// Returns `true` if the batch was inserted within the last `max_age`.
    pub fn contains(&self, digest: &BatchDigest, now: UnixMillis) -> bool {
        self.times.get(digest).is_some_and(|time| !self.is_old(*time, now))
    }

    /// Inserts a batch and returns `true` if it is new. A batch that is already there keeps its first time.
    pub fn insert(&mut self, digest: BatchDigest, now: UnixMillis) -> bool {
        while let Some((time, oldest)) = self.by_time.first().copied().filter(|(time, _)| self.is_old(*time, now)) {
            self.by_time.remove(&(time, oldest));
            self.times.remove(&oldest);
        }
        let Entry::Vacant(entry) = self.times.entry(digest) else { return false };
        entry.insert(now);
        self.by_time.insert((now, digest));
        self.shrink();
        true
    }

    /// Returns the number of batches in memory. Some may be older than `max_age`.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Returns `true` if there is no batch in memory.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Returns `true` if an entry is older than `max_age`. An entry from the future is not, because the clock may have been set back.
    fn is_old(&self, time: UnixMillis, now: UnixMillis) -> bool {
        let age = u64::try_from(now.0.saturating_sub(time.0)).unwrap_or_default();
        Duration::from_millis(age) > self.max_age
    }

    fn shrink(&mut self) {
        while self.by_time.len() > self.capacity {
            if let Some((_, oldest)) = self.by_time.pop_first() {
                self.times.remove(&oldest);
            }
        }
    }
}

/// 65,536 batches, each for an hour. That suits about 90 log streams that send a batch every 5 seconds.
impl Default for RecentBatches {
    fn default() -> Self {
        Self::new(1 << 16, Duration::from_secs(3600))
    }
}

/// The stored form.
#[derive(Deserialize, Serialize)]
struct Stored {
    capacity: usize,
    max_age_ms: u64,
    batches: Vec<(BatchDigest, UnixMillis)>,
}

impl Serialize for RecentBatches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Stored {
            capacity: self.capacity,
            max_age_ms: u64::try_from(self.max_age.as_millis()).unwrap_or(u64::MAX),
            batches: self.by_time.iter().map(|(time, digest)| (*digest, *time)).collect(),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RecentBatches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let mut recent = Self::new(stored.capacity, Duration::from_millis(stored.max_age_ms));
        for (digest, time) in stored.batches {
            // The first time counts if a digest occurs twice.
            if let Entry::Vacant(entry) = recent.times.entry(digest) {
                entry.insert(time);
                recent.by_time.insert((time, digest));
            }
        }
        recent.shrink();
        Ok(recent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(number: u8) -> BatchDigest {
        BatchDigest::of(&[number])
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_batch_is_new_again_after_its_age() {
        let mut recent = RecentBatches::new(10, SECOND);
        assert!(recent.insert(digest(0), UnixMillis(0)));
        assert!(!recent.insert(digest(0), UnixMillis(1000)));
        // The repeated delivery did not extend the time.
        assert!(!recent.contains(&digest(0), UnixMillis(1001)));
        assert!(recent.insert(digest(0), UnixMillis(1001)));
        assert!(!recent.insert(digest(0), UnixMillis(2001)));
        assert_eq!(recent.len(), 1);
    }

    #[test]
    fn the_oldest_batch_is_forgotten_at_the_capacity() {
        let mut recent = RecentBatches::new(2, SECOND);
        for (number, time) in [(0, 5), (1, 3), (2, 4)] {
            assert!(recent.insert(digest(number), UnixMillis(time)));
        }
        let known = [0, 1, 2].map(|number| recent.contains(&digest(number), UnixMillis(6)));
        assert_eq!((known, recent.len()), ([true, false, true], 2));
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_nothing() {
        let mut recent = RecentBatches::new(10, SECOND);
        recent.insert(digest(0), UnixMillis(i64::MAX));
        assert!(!recent.insert(digest(0), UnixMillis(i64::MIN)));
        assert!(recent.contains(&digest(0), UnixMillis(0)));
    }

    #[test]
    fn a_set_without_capacity_accepts_everything() {
        let mut recent = RecentBatches::new(0, SECOND);
        assert!(recent.insert(digest(0), UnixMillis(0)) && recent.insert(digest(0), UnixMillis(0)));
        assert!(recent.is_empty());
    }

    #[test]
    fn limits_are_changed_after_reading() {
        let mut recent = RecentBatches::new(10, SECOND);
        assert!((0..9).all(|number| recent.insert(digest(number), UnixMillis(0))));
        let mut recent: RecentBatches = serde_json::from_str(&serde_json::to_string(&recent).unwrap()).unwrap();
        recent.set_limits(3, 10 * SECOND);
        assert!(recent.insert(digest(9), UnixMillis(5000)));
        assert_eq!(recent.len(), 3);
    }

    #[test]
    fn a_stored_set_beyond_its_capacity_is_reduced() {
        let json = format!(
            r#"{{"capacity":1,"max_age_ms":9,"batches":[["{0}",4],["{1}",3],["{0}",2]]}}"#,
            digest(0),
            digest(1)
        );
        let recent: RecentBatches = serde_json::from_str(&json).unwrap();
        assert!(recent.contains(&digest(0), UnixMillis(4)) && !recent.contains(&digest(1), UnixMillis(4)));
        assert!(serde_json::from_str::<RecentBatches>(&json.replace("max_age_ms", "age")).is_err());
    }

    proptest! {
        /// Compares with a list of all inserts, and stores and reads the set between them.
        #[test]
        fn remembers_exactly_what_the_limits_allow(
            inserts in proptest::collection::vec((0..12_u8, 0..400_i64, any::<bool>()), 0..60),
            capacity in 1..8_usize,
        ) {
            let mut recent = RecentBatches::new(capacity, SECOND);
            let mut model: Vec<(i64, BatchDigest)> = Vec::new();
            let mut now = 0;
            for (number, step, is_stored) in inserts {
                now += step;
                model.retain(|(time, _)| now - time <= 1000);
                let is_new = !model.iter().any(|(_, one)| *one == digest(number));
                prop_assert_eq!(recent.contains(&digest(number), UnixMillis(now)), !is_new);
                prop_assert_eq!(recent.insert(digest(number), UnixMillis(now)), is_new);
                if is_new {
                    model.push((now, digest(number)));
                    model.sort_unstable();
                    if model.len() > capacity {
                        model.remove(0);
                    }
                }
                prop_assert_eq!(recent.len(), model.len());
                if is_stored {
                    let json = serde_json::to_string(&recent).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<RecentBatches>(&json).unwrap(), &recent);
                }
            }
        }
    }
}
