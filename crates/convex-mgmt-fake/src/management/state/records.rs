//! [`Records`]: records that stay after their deletion, because listings may lag behind and tests ask what existed.

use std::time::Duration;

/// A record that can be deleted.
pub(crate) trait Record {
    /// The time of its deletion.
    fn deleted_at(&mut self) -> &mut Option<Duration>;

    /// The time of its deletion, if it was deleted.
    fn was_deleted_at(&self) -> Option<Duration>;
}

/// All records of a kind in the order of their creation, with the deleted ones.
#[derive(Debug)]
pub(crate) struct Records<T>(Vec<T>);

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Record> Records<T> {
    pub(crate) fn push(&mut self, record: T) {
        self.0.push(record);
    }

    /// The records that exist.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().filter(|record| record.was_deleted_at().is_none())
    }

    /// The records that exist.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().filter(|record| record.was_deleted_at().is_none())
    }

    /// The records that a listing shows: those that exist, and those that were deleted after `since`.
    pub(crate) fn listed(&self, since: Duration) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().filter(move |record| record.was_deleted_at().is_none_or(|deleted| deleted > since))
    }

    /// Every record, with the deleted ones.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter()
    }

    /// Every record, with the deleted ones.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }

    /// Removes the matching records without a trace, as if they had not been created.
    pub(crate) fn remove(&mut self, matches: impl Fn(&T) -> bool) {
        self.0.retain(|record| !matches(record));
    }

    /// Marks the matching records as deleted. Returns their number.
    pub(crate) fn delete(&mut self, now: Duration, matches: impl Fn(&T) -> bool) -> usize {
        let mut found = 0;
        for record in self.iter_mut().filter(|record| matches(record)) {
            *record.deleted_at() = Some(now);
            found += 1;
        }
        found
    }
}
