//! The time forms of the AWS protocols: ISO 8601 basic (`X-Amz-Date`), ISO 8601 extended, HTTP dates.
//!
//! Owns formatting and parsing only; who tells the time, and how wrong it is, is the caller's business.

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

/// `20261124T083745Z`.
pub(crate) fn basic(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `2026-11-24T08:37:45Z`.
pub(crate) fn extended(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Tue, 24 Nov 2026 08:37:45 GMT`.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads the form of [`basic`].
pub(crate) fn parse_basic(text: &str) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?).ok()
}

/// Reads the form of [`http_date`], and that of mail, which botocore writes into `Date` (`… -0000`).
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// `at + life`; the end of time when that cannot be told.
pub(crate) fn after(at: Timestamp, life: Duration) -> Timestamp {
    SignedDuration::try_from(life).ok().and_then(|life| at.checked_add(life).ok()).unwrap_or(Timestamp::MAX)
}

/// Seconds of `life`, rounded down, as the `expiresIn` fields have them.
pub(crate) fn whole_seconds(life: Duration) -> u64 {
    life.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_those_of_aws_and_read_back() {
        let at = Timestamp::from_second(1_795_509_465).unwrap();
        assert_eq!(basic(at), "20261124T083745Z");
        assert_eq!(extended(at), "2026-11-24T08:37:45Z");
        assert_eq!(http_date(at), "Tue, 24 Nov 2026 08:37:45 GMT");
        assert_eq!(parse_basic(&basic(at)), Some(at));
        assert_eq!(parse_http_date(&http_date(at)), Some(at));
        assert_eq!(parse_http_date("Tue, 24 Nov 2026 08:37:45 -0000"), Some(at));
        assert_eq!(parse_basic("2026-11-24T08:37:45Z"), None);
    }
}
