//! [`Window`]: the accepted times of events.

use std::time::Duration;

use thiserror::Error;

use super::event::Batch;
use crate::types::UnixMillis;

/// The accepted times of the events of a batch, relative to the receiver's clock.
///
/// Deliveries have no time of their own. The events' times limit how long a recorded delivery can be replayed. Within the window,
/// [`RecentBatches`](super::RecentBatches) recognises replays.
///
/// The default accepts every delivery that a server sends in time:
///
/// | part of the age | at most |
/// | --- | --- |
/// | retries: 6 attempts of 30 seconds, and 5 delays of up to 60 seconds | 8 minutes |
/// | interval between batches | 5 seconds |
/// | console output, whose time is that of the line. Inferred: lines of an action arrive after it ended | 10 minutes |
///
/// The default of `max_age` is therefore 30 minutes. Convex's documentation suggests 5 minutes, which rejects late retries. A
/// receiver that bills by the events loses them when it rejects a batch, because the server does not send it again.
///
/// ```
/// use convex_mgmt::UnixMillis;
/// use convex_mgmt::webhook::{self, Window};
///
/// let body = r#"[{"timestamp":1000,"topic":"scheduled_job_lag","lag_seconds":2,"convex":{"deployment_name":"a"}}]"#;
/// let batch = webhook::read(&body.into())?;
/// assert!(Window::default().check(&batch, UnixMillis(1000)).is_ok());
/// let error = Window::default().check(&batch, UnixMillis(2_000_000)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "event 0 of the batch is from 1970-01-01T00:00:01.000Z, more than 1800 s before the receiver's clock: \
///      reject the batch, or raise `Window::max_age`"
/// );
/// # Ok::<(), convex_mgmt::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// Maximum age of an event. Defaults to 30 minutes.
    pub max_age: Duration,
    /// Maximum time of an event after the receiver's clock, for clocks that differ. Defaults to 5 minutes.
    pub max_future: Duration,
}

impl Window {
    /// Creates a window.
    pub const fn new(max_age: Duration, max_future: Duration) -> Self {
        Self { max_age, max_future }
    }

    /// Checks the oldest and the newest event of a batch. Events that cannot be read have no time and are skipped.
    ///
    /// # Errors
    /// A [`WindowError`] with the oldest event, if it is too old; otherwise with the newest event.
    pub fn check(&self, batch: &Batch, now: UnixMillis) -> Result<(), WindowError> {
        let times = || {
            let events = batch.iter().enumerate();
            events.filter_map(|(index, event)| Some((event.as_ref().ok()?.timestamp(), index)))
        };
        let oldest = times().min().filter(|(time, _)| exceeds(now.0.saturating_sub(time.0), self.max_age));
        if let Some((timestamp, index)) = oldest {
            return Err(WindowError::TooOld { index, timestamp, max_age: self.max_age });
        }
        let newest = times().max().filter(|(time, _)| exceeds(time.0.saturating_sub(now.0), self.max_future));
        if let Some((timestamp, index)) = newest {
            return Err(WindowError::TooNew { index, timestamp, max_future: self.max_future });
        }
        Ok(())
    }
}

/// 30 minutes before the receiver's clock to 5 minutes after it.
impl Default for Window {
    fn default() -> Self {
        Self::new(Duration::from_secs(30 * 60), Duration::from_secs(5 * 60))
    }
}

fn exceeds(millis: i64, limit: Duration) -> bool {
    u64::try_from(millis).is_ok_and(|millis| Duration::from_millis(millis) > limit)
}

/// A batch with an event outside of the [`Window`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WindowError {
    /// The oldest event is too old: the delivery is late or a replay, or the receiver's clock is ahead.
    #[error(
        "event {index} of the batch is from {timestamp}, more than {} s before the receiver's clock: \
         reject the batch, or raise `Window::max_age`",
        max_age.as_secs()
    )]
    TooOld {
        /// The position of the event in its batch, from 0.
        index: usize,
        /// The time of the event.
        timestamp: UnixMillis,
        /// The maximum age.
        max_age: Duration,
    },
    /// The newest event is from the future: the receiver's clock is behind.
    #[error(
        "event {index} of the batch is from {timestamp}, more than {} s after the receiver's clock: \
         set the clock, or raise `Window::max_future`",
        max_future.as_secs()
    )]
    TooNew {
        /// The position of the event in its batch, from 0.
        index: usize,
        /// The time of the event.
        timestamp: UnixMillis,
        /// The maximum time after the receiver's clock.
        max_future: Duration,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engines::webhook;

    fn batch(times: &[u64]) -> Batch {
        let event = |time: &u64| {
            format!(
                r#"{{"timestamp":{time},"topic":"log_stream_egress","egress_bytes":1,"convex":{{"deployment_name":"a"}}}}"#
            )
        };
        let events: Vec<String> = times.iter().map(event).collect();
        webhook::read(&format!("[{}]", events.join(",")).into()).unwrap()
    }

    const WINDOW: Window = Window::new(Duration::from_millis(10), Duration::from_millis(2));

    #[test]
    fn the_error_names_the_worst_event() {
        let now = UnixMillis(100);
        let TooOld { index, timestamp, .. } = WINDOW.check(&batch(&[95, 89, 80, 120]), now).unwrap_err() else {
            panic!()
        };
        assert_eq!((index, timestamp), (2, UnixMillis(80)));
        let TooNew { index, timestamp, .. } = WINDOW.check(&batch(&[95, 103, 104]), now).unwrap_err() else { panic!() };
        assert_eq!((index, timestamp), (2, UnixMillis(104)));
    }

    #[test]
    fn both_bounds_belong_to_the_window() {
        assert_eq!(WINDOW.check(&batch(&[90, 102]), UnixMillis(100)), Ok(()));
        assert!(WINDOW.check(&batch(&[89]), UnixMillis(100)).is_err());
        assert!(WINDOW.check(&batch(&[103]), UnixMillis(100)).is_err());
    }

    #[test]
    fn events_that_cannot_be_read_have_no_time() {
        let unread = webhook::read(&r#"[{"timestamp":1}]"#.into()).unwrap();
        assert_eq!(unread.errors().count(), 1);
        assert_eq!(WINDOW.check(&unread, UnixMillis(100)), Ok(()));
        assert_eq!(WINDOW.check(&batch(&[]), UnixMillis(100)), Ok(()));
    }

    use WindowError::{TooNew, TooOld};

    proptest! {
        #[test]
        fn accepts_a_batch_exactly_if_each_event_is_inside(
            times in proptest::collection::vec(80..120_u64, 0..6),
            now in prop_oneof![90..110_i64, Just(i64::MIN), Just(i64::MAX)],
        ) {
            let inside = |time: &u64| {
                let age = i128::from(now) - i128::from(*time);
                (-2..=10).contains(&age)
            };
            prop_assert_eq!(WINDOW.check(&batch(&times), UnixMillis(now)).is_ok(), times.iter().all(inside));
        }
    }
}
