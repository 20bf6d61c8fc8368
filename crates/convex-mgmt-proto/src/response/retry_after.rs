//! The header `Retry-After` of a response.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

use crate::types::time::days_from_year_0;

/// Returns the delay that a response asks for, as a number of seconds or as a date. A date is compared with the response's own
/// `Date`, which needs no clock on this side. Without a `Date` it is ignored.
pub(super) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is a very long delay, and not a missing one.
        return Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
    }
    let (until, now) = (http_date(asked)?, http_date(text(DATE)?)?);
    Some(Duration::from_secs((until - now).try_into().unwrap_or(0)))
}

/// Returns the seconds since the year 0 of a date such as `Tue, 24 Nov 2026 07:00:00 GMT`. Servers send only this form today
/// (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_weekday, text) = text.split_once(", ")?;
    let mut words = text.strip_suffix(" GMT")?.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok().filter(|year| (0..=9999).contains(year))?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let mut part = |limit: i64| clock.next()?.ok().filter(|part| (0..limit).contains(part));
    let (hours, minutes, seconds) = (part(24)?, part(60)?, part(61)?);
    if words.next().is_some() || !(1..=31).contains(&day) {
        return None;
    }
    Some(((days_from_year_0(year, month, day) * 24 + hours) * 60 + minutes) * 60 + seconds)
}

#[cfg(test)]
mod tests;
