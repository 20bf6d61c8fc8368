//! [`ByAge`]: values of batches by their digest, the oldest first, for a bounded time and number.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::digest::BatchDigest;
use crate::types::UnixMillis;

/// Values of batches, each with the time at which its batch arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ByAge<T> {
    values: BTreeMap<BatchDigest, (UnixMillis, T)>,
    /// The same batches, the oldest first.
    by_time: BTreeSet<(UnixMillis, BatchDigest)>,
}

impl<T> Default for ByAge<T> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<T> ByAge<T> {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns `true` if the batch is there, and not older than `max_age`.
    pub(super) fn contains(&self, digest: &BatchDigest, now: UnixMillis, max_age: Duration) -> bool {
        self.values.get(digest).is_some_and(|(time, _)| !is_older(*time, now, max_age))
    }

    /// Returns `true` if the batch is there, however old it is.
    pub(super) fn contains_any(&self, digest: &BatchDigest) -> bool {
        self.values.contains_key(digest)
    }

    /// Inserts a batch. One that is already there keeps its value, and the earlier of both times.
    pub(super) fn insert(&mut self, digest: BatchDigest, time: UnixMillis, value: T) {
        match self.values.get_mut(&digest) {
            Some((known, _)) if time >= *known => return,
            Some((known, _)) => {
                self.by_time.remove(&(*known, digest));
                *known = time;
            }
            None => drop(self.values.insert(digest, (time, value))),
        }
        self.by_time.insert((time, digest));
    }

    /// Removes and returns the oldest value if it is older than `max_age`.
    pub(super) fn pop_older(&mut self, now: UnixMillis, max_age: Duration) -> Option<T> {
        let (time, _) = self.by_time.first()?;
        if is_older(*time, now, max_age) { self.pop() } else { None }
    }

    /// Removes and returns the oldest value if there are more than `capacity`.
    pub(super) fn pop_beyond(&mut self, capacity: usize) -> Option<T> {
        if self.len() > capacity { self.pop() } else { None }
    }

    fn pop(&mut self) -> Option<T> {
        let (_, digest) = self.by_time.pop_first()?;
        self.values.remove(&digest).map(|(_, value)| value)
    }

    /// Returns all batches by their digest.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&BatchDigest, UnixMillis, &T)> {
        self.values.iter().map(|(digest, (time, value))| (digest, *time, value))
    }

    /// Returns the times and digests of all batches, the oldest first.
    pub(super) fn times(&self) -> impl Iterator<Item = &(UnixMillis, BatchDigest)> {
        self.by_time.iter()
    }
}

/// A time in the future is not old, because the clock may have been set back.
pub(super) fn is_older(time: UnixMillis, now: UnixMillis, max_age: Duration) -> bool {
    now.saturating_duration_since(time) > max_age
}
