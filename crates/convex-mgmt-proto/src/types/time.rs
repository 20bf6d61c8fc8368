//! [`UnixMillis`] and [`UnixNanos`]: points in time with the unit in their name.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::url::UrlText;

macro_rules! times {
    ($( $(#[$meta:meta])* $name:ident($unit:literal, $from:ident, $nanos:literal); )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// Converts to the standard library's type. Returns `None` if the platform's clock cannot represent the time.
            pub fn to_system_time(self) -> Option<SystemTime> {
                let distance = Duration::$from(self.0.unsigned_abs());
                let epoch = SystemTime::UNIX_EPOCH;
                if self.0 < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) }
            }

            #[doc = concat!("Converts to whole ", $unit, ", rounded down. Returns `None` if they do not fit into 64 bits.")]
            pub fn from_system_time(time: SystemTime) -> Option<Self> {
                // 128 bits hold every time of the standard library.
                let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
                    Ok(after) => i128::try_from(after.as_nanos()).ok()?,
                    Err(before) => -i128::try_from(before.duration().as_nanos()).ok()?,
                };
                i64::try_from(nanos.div_euclid($nanos)).ok().map(Self)
            }
        }

        impl TryFrom<SystemTime> for $name {
            type Error = TimeRangeError;
            /// Converts as `from_system_time` does, with an error instead of `None`.
            fn try_from(time: SystemTime) -> Result<Self, TimeRangeError> {
                Self::from_system_time(time).ok_or(TimeRangeError)
            }
        }

        impl UrlText for $name {
            fn url_text(&self) -> Cow<'_, str> {
                self.0.to_string().into()
            }
        }

        /// Writes ISO 8601 in UTC: the format of RFC 3339 for the years 0 to 9999. Other years have a sign.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let second = 1_000_000_000 / $nanos;
                let (seconds, fraction) = (self.0.div_euclid(second), self.0.rem_euclid(second));
                let digits = second.ilog10() as usize;
                f.pad(&format!("{}.{fraction:0digits$}Z", Seconds(seconds)))
            }
        }
    )+ };
}

/// A point in time that does not fit into 64 bits of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the time is out of range: it does not fit into 64 bits")]
#[non_exhaustive]
pub struct TimeRangeError;

/// Formats seconds since 1970 as a date and time without a zone.
struct Seconds(i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = date_of(days + days_from_year_0(1970, 1, 1));
        if (0..=9999).contains(&year) {
            write!(f, "{year:04}")?
        } else {
            write!(f, "{year:+05}")?
        }
        write!(f, "-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

/// Returns the days from the last day of February of the year 0 to a date of the Gregorian calendar.
pub(crate) const fn days_from_year_0(year: i64, month: i64, day: i64) -> i64 {
    // In a year that begins in March, the leap day is the last day.
    let (years, months) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    years * 365 + leap_days + (months * 153 + 2) / 5 + day
}

/// Returns the date for a number of [`days_from_year_0`]: year, month and day.
const fn date_of(days: i64) -> (i64, i64, i64) {
    // 400 years have 146,097 days. One day more makes the estimate too late and never too early, whatever the leap days.
    let mut years = ((days + 1) * 400).div_euclid(146_097);
    while days_from_year_0(years, 3, 1) > days {
        years -= 1;
    }
    let day = days - days_from_year_0(years, 3, 1);
    let months = (day * 5 + 2) / 153;
    let day = day - (months * 153 + 2) / 5 + 1;
    if months < 10 { (years, months + 3, day) } else { (years + 1, months - 9, day) }
}

times! {
    /// A point in time in milliseconds since 1970-01-01T00:00:00 UTC.
    UnixMillis("milliseconds", from_millis, 1_000_000);
    /// A point in time in nanoseconds since 1970-01-01T00:00:00 UTC, the unit of the database.
    UnixNanos("nanoseconds", from_nanos, 1);
}

impl UnixMillis {
    /// Returns the time since `earlier`. Zero if `earlier` is later, for example because a clock was set back.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }
}

impl UnixNanos {
    /// Converts to whole milliseconds, rounded down.
    pub const fn to_millis(self) -> UnixMillis {
        UnixMillis(self.0.div_euclid(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn converts_to_the_standard_library_and_back(since in any::<i64>()) {
            let nanos = UnixNanos(since);
            prop_assert_eq!(UnixNanos::from_system_time(nanos.to_system_time().unwrap()), Some(nanos));
            let millis = UnixMillis(since / 1_000_000);
            prop_assert_eq!(UnixMillis::from_system_time(millis.to_system_time().unwrap()), Some(millis));
            // Some platforms' clocks cannot represent the time.
            let far = UnixMillis(since);
            prop_assert!(far.to_system_time().is_none_or(|time| UnixMillis::from_system_time(time) == Some(far)));
            let json = serde_json::to_string(&far).unwrap();
            prop_assert_eq!(&json, &since.to_string());
            prop_assert_eq!(serde_json::from_str::<UnixMillis>(&json).unwrap(), far);
        }

        #[test]
        fn rounds_milliseconds_down(nanos in any::<i64>()) {
            let time = UnixNanos(nanos).to_system_time().unwrap();
            prop_assert_eq!(UnixMillis::from_system_time(time), Some(UnixMillis(nanos.div_euclid(1_000_000))));
            prop_assert_eq!(UnixNanos(nanos).to_millis(), UnixMillis(nanos.div_euclid(1_000_000)));
        }
    }

    #[test]
    fn a_duration_since_a_later_time_is_zero_and_none_overflows() {
        let since = |now, earlier| UnixMillis(now).saturating_duration_since(UnixMillis(earlier));
        assert_eq!((since(3, 1), since(1, 3)), (Duration::from_millis(2), Duration::ZERO));
        assert_eq!(since(i64::MAX, i64::MIN), Duration::from_millis(i64::MAX as u64));
    }

    #[test]
    fn converts_the_first_and_the_last_point_and_back() {
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
    fn rounds_down_before_and_after_1970() {
        let half = Duration::from_micros(1500);
        assert_eq!(UnixMillis::from_system_time(SystemTime::UNIX_EPOCH + half), Some(UnixMillis(1)));
        assert_eq!(UnixMillis::from_system_time(SystemTime::UNIX_EPOCH - half), Some(UnixMillis(-2)));
    }

    #[test]
    fn shows_a_time_as_a_date() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_755_000_000_123, "2025-08-12T12:00:00.123Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+10000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"),
            (i64::MAX, "+292278994-08-17T07:12:55.807Z"),
            (i64::MIN, "-292275055-05-16T16:47:04.192Z"),
        ] {
            assert_eq!(UnixMillis(millis).to_string(), expected);
        }
        assert_eq!(UnixNanos(1_755_000_000_000_000_001).to_string(), "2025-08-12T12:00:00.000000001Z");
        assert_eq!(UnixNanos(i64::MIN).to_string(), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(format!("{:>26}|{:.10}", UnixMillis(0), UnixMillis(0)), "  1970-01-01T00:00:00.000Z|1970-01-01");
    }

    #[test]
    fn every_day_of_eight_hundred_years_follows_the_one_before() {
        let mut days = days_from_year_0(1600, 1, 1);
        for year in 1600..2400 {
            for month in 1..=12 {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                let last = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
                for day in 1..=last {
                    let date = (year, month as i64, day);
                    assert_eq!((days_from_year_0(year, month as i64, day), date_of(days)), (days, date));
                    days += 1;
                }
            }
        }
    }

    #[test]
    fn a_time_of_the_standard_library_is_converted_or_out_of_range() {
        let last = UnixNanos(i64::MAX).to_system_time().unwrap();
        assert_eq!(UnixNanos::try_from(last), Ok(UnixNanos(i64::MAX)));
        assert_eq!(UnixNanos::try_from(last + Duration::from_nanos(1)), Err(TimeRangeError));
        assert_eq!(UnixMillis::try_from(last), Ok(UnixMillis(9_223_372_036_854)));
    }

    #[test]
    fn on_the_wire_a_time_is_an_integer() {
        assert_eq!(serde_json::from_str::<UnixNanos>("1755000000000000001").unwrap(), UnixNanos(1755000000000000001));
        assert!(serde_json::from_str::<UnixNanos>("1.755e18").is_err());
        assert_eq!(serde_json::to_string(&UnixMillis(-1)).unwrap(), "-1");
    }
}
