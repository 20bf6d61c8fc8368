//! [`UnixMillis`] and [`UnixNanos`]: points in time that say their unit.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

macro_rules! times {
    ($( $(#[$meta:meta])* $name:ident($unit:literal, $from:ident, $nanos:literal); )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            #[doc = concat!("The same point as the standard library has it; `None` if its clock cannot hold it.")]
            pub fn to_system_time(self) -> Option<SystemTime> {
                let distance = Duration::$from(self.0.unsigned_abs());
                let epoch = SystemTime::UNIX_EPOCH;
                if self.0 < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) }
            }

            #[doc = concat!("The ", $unit, " that have begun by then; `None` if 64 bits cannot hold them.")]
            pub fn from_system_time(time: SystemTime) -> Option<Self> {
                // 128 bits hold all that the standard library does.
                let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
                    Ok(after) => i128::try_from(after.as_nanos()).ok()?,
                    Err(before) => -i128::try_from(before.duration().as_nanos()).ok()?,
                };
                i64::try_from(nanos.div_euclid($nanos)).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+ };
}

times! {
    /// A point in time in milliseconds since 1970 in UTC.
    UnixMillis("milliseconds", from_millis, 1_000_000);
    /// A point in time in nanoseconds since 1970 in UTC, as the database counts it.
    UnixNanos("nanoseconds", from_nanos, 1);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn points_come_back(since in any::<i64>()) {
            let nanos = UnixNanos(since);
            prop_assert_eq!(UnixNanos::from_system_time(nanos.to_system_time().unwrap()), Some(nanos));
            let millis = UnixMillis(since / 1_000_000);
            prop_assert_eq!(UnixMillis::from_system_time(millis.to_system_time().unwrap()), Some(millis));
            // Not every clock reaches that far.
            let far = UnixMillis(since);
            prop_assert!(far.to_system_time().is_none_or(|time| UnixMillis::from_system_time(time) == Some(far)));
            let json = serde_json::to_string(&far).unwrap();
            prop_assert_eq!(&json, &since.to_string());
            prop_assert_eq!(serde_json::from_str::<UnixMillis>(&json).unwrap(), far);
        }

        #[test]
        fn milliseconds_have_begun_when_they_are_told(nanos in any::<i64>()) {
            let time = UnixNanos(nanos).to_system_time().unwrap();
            prop_assert_eq!(UnixMillis::from_system_time(time), Some(UnixMillis(nanos.div_euclid(1_000_000))));
        }
    }

    #[test]
    fn the_first_and_the_last_point_come_back() {
        for since in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
            let nanos = UnixNanos(since);
            assert_eq!(UnixNanos::from_system_time(nanos.to_system_time().unwrap()), Some(nanos));
        }
        let last = UnixNanos(i64::MAX).to_system_time().unwrap();
        assert_eq!(UnixNanos::from_system_time(last + Duration::from_nanos(1)), None);
        let first = UnixNanos(i64::MIN).to_system_time().unwrap();
        assert_eq!(UnixNanos::from_system_time(first - Duration::from_nanos(1)), None);
        assert_eq!(UnixMillis::from_system_time(first), Some(UnixMillis(-9_223_372_036_855)));
    }

    #[test]
    fn a_part_of_a_millisecond_is_left_off_on_both_sides_of_1970() {
        let half = Duration::from_micros(1500);
        assert_eq!(UnixMillis::from_system_time(SystemTime::UNIX_EPOCH + half), Some(UnixMillis(1)));
        assert_eq!(UnixMillis::from_system_time(SystemTime::UNIX_EPOCH - half), Some(UnixMillis(-2)));
    }

    #[test]
    fn on_the_wire_a_time_is_an_integer() {
        assert_eq!(serde_json::from_str::<UnixNanos>("1755000000000000001").unwrap(), UnixNanos(1755000000000000001));
        assert!(serde_json::from_str::<UnixNanos>("1.755e18").is_err());
        assert_eq!(serde_json::to_string(&UnixMillis(-1)).unwrap(), "-1");
    }
}
