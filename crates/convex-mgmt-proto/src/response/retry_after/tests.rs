//! The forms of `Retry-After`.

use super::*;

#[test]
fn reads_seconds_and_dates() {
    let now = "Sun, 28 Feb 2027 23:59:50 GMT";
    for (text, date, expected) in [
        ("0", None, Some(0)),
        (" 12 ", None, Some(12)),
        ("-1", None, None),
        ("1.5", None, None),
        ("+5", None, None),
        ("", None, None),
        ("18446744073709551615", None, Some(u64::MAX)),
        ("99999999999999999999999", None, Some(u64::MAX)),
        ("soon", Some(now), None),
        ("Mon, 01 Mar 2027 00:00:10 GMT", Some(now), Some(20)),
        ("Mon, 01 Mar 2027 00:00:10 GMT", None, None),
        ("Mon, 01 Mar 2027 00:00:10 GMT", Some("now"), None),
        // Past dates, the leap day, and the end of a year.
        ("Sun, 28 Feb 2027 23:59:40 GMT", Some(now), Some(0)),
        ("Wed, 01 Mar 2028 00:00:00 GMT", Some("Mon, 28 Feb 2028 00:00:00 GMT"), Some(2 * 86_400)),
        ("Mon, 01 Mar 2100 00:00:00 GMT", Some("Sun, 28 Feb 2100 00:00:00 GMT"), Some(86_400)),
        ("Fri, 01 Jan 2027 00:00:00 GMT", Some("Thu, 31 Dec 2026 23:59:59 GMT"), Some(1)),
        ("Mon, 00 Mar 2027 00:00:10 GMT", Some(now), None),
        ("Mon, 01 Mar 2027 25:00:10 GMT", Some(now), None),
        ("Mon, 01 Mar 2027 -1:00:10 GMT", Some(now), None),
        ("Mon, -1 Mar 2027 00:00:10 GMT", Some(now), None),
        ("Mon, 01 Mar -2027 00:00:10 GMT", Some(now), None),
        ("Mon, 01 Mar 2027 00:00:10 CET", Some(now), None),
        ("Mon, 01 Mar 99999999999 00:00:10 GMT", Some(now), None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        assert_eq!(read(&headers), expected.map(Duration::from_secs), "{text}");
    }
}
