//! Which part of a file a request wants, if it wants it at all.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    /// With its quotes.
    pub(super) etag: String,
    /// Seconds since 1970.
    modified: i64,
}

/// What to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// 200 with everything.
    Whole,
    /// 206 with these bytes, which are not empty.
    Part(Range<u64>),
    /// 304.
    Nothing,
    /// 412.
    Other,
    /// 416.
    Impossible,
}

impl Version {
    /// The version of a file that never changes once it is there. `variant` tells its thumbs from
    /// each other and from it.
    pub(super) fn new(len: u64, modified: SystemTime, variant: &str) -> Self {
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            etag: format!("\"{:x}-{len:x}{variant}\"", since.as_nanos()),
            modified: since.as_secs() as i64,
        }
    }

    /// The time as a header.
    pub(super) fn last_modified(&self) -> Option<String> {
        let time = Timestamp::from_second(self.modified).ok()?;
        DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
    }
}

/// What a request with these headers wants of a file of `len` bytes. Of several ranges the whole
/// file is sent, as the standard allows.
pub(super) fn wanted(headers: &HeaderMap, version: &Version, len: u64) -> Wanted {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let changed_since = |date: &str| seconds(date).map(|date| version.modified > date);
    let is_other = match text(IF_MATCH) {
        Some(tags) => !names(tags, &version.etag, false),
        None => text(IF_UNMODIFIED_SINCE).and_then(changed_since) == Some(true),
    };
    if is_other {
        return Wanted::Other;
    }
    let is_known = match text(IF_NONE_MATCH) {
        Some(tags) => names(tags, &version.etag, true),
        None => text(IF_MODIFIED_SINCE).and_then(changed_since) == Some(false),
    };
    if is_known {
        return Wanted::Nothing;
    }
    let Some(range) = text(RANGE) else { return Wanted::Whole };
    let is_same = text(IF_RANGE).is_none_or(|condition| {
        condition == version.etag || seconds(condition) == Some(version.modified)
    });
    if is_same { parse(range, len) } else { Wanted::Whole }
}

/// Whether a list of tags names `etag`; weak tags count only in a weak comparison.
fn names(tags: &str, etag: &str, weak: bool) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        tag == "*" || tag == etag || weak && tag.strip_prefix("W/").is_some_and(|tag| tag == etag)
    })
}

fn parse(range: &str, len: u64) -> Wanted {
    let Some(spec) = range.strip_prefix("bytes=") else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Too large for the type is too large for any file.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let part = match (first, last) {
        ("", last) if is_number(last) => len.saturating_sub(number(last))..len,
        (first, "") if is_number(first) => number(first)..len,
        (first, last) if is_number(first) && is_number(last) => {
            if number(last) < number(first) {
                return Wanted::Whole;
            }
            number(first)..number(last).saturating_add(1).min(len)
        }
        _ => return Wanted::Whole,
    };
    if part.is_empty() { Wanted::Impossible } else { Wanted::Part(part) }
}

fn seconds(date: &str) -> Option<i64> {
    DateTimeParser::new().parse_timestamp(date).ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn version() -> Version {
        Version::new(100, UNIX_EPOCH + Duration::from_millis(1_700_000_000_500), "")
    }

    fn ask(headers: &[(HeaderName, &str)]) -> Wanted {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        wanted(&headers.collect(), &version(), 100)
    }

    #[test]
    fn one_range_is_a_part_and_several_are_everything() {
        for (range, expected) in [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=90-", Wanted::Part(90..100)),
            ("bytes=-10", Wanted::Part(90..100)),
            ("bytes=-1000", Wanted::Part(0..100)),
            ("bytes=50-1000", Wanted::Part(50..100)),
            ("bytes=0-99999999999999999999999", Wanted::Part(0..100)),
            ("bytes=100-", Wanted::Impossible),
            ("bytes=200-300", Wanted::Impossible),
            ("bytes=-0", Wanted::Impossible),
            ("bytes=9-0", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(ask(&[(RANGE, range)]), expected, "{range}");
        }
        assert_eq!(parse("bytes=-5", 0), Wanted::Impossible);
    }

    #[test]
    fn who_has_the_file_already_does_not_get_it_again() {
        let etag = version().etag;
        let date = version().last_modified().unwrap();
        assert_eq!(date, "Tue, 14 Nov 2023 22:13:20 GMT");
        let weak = format!("\"x\", W/{etag}");
        for (name, value, expected) in [
            (IF_NONE_MATCH, etag.as_str(), Wanted::Nothing),
            (IF_NONE_MATCH, &weak, Wanted::Nothing),
            (IF_NONE_MATCH, "*", Wanted::Nothing),
            (IF_NONE_MATCH, "\"x\"", Wanted::Whole),
            (IF_MODIFIED_SINCE, &date, Wanted::Nothing),
            (IF_MODIFIED_SINCE, "Tue, 14 Nov 2023 22:13:19 GMT", Wanted::Whole),
            (IF_MODIFIED_SINCE, "yesterday", Wanted::Whole),
            (IF_MATCH, &etag, Wanted::Whole),
            (IF_MATCH, "\"x\"", Wanted::Other),
            (IF_UNMODIFIED_SINCE, &date, Wanted::Whole),
            (IF_UNMODIFIED_SINCE, "Tue, 14 Nov 2023 22:13:19 GMT", Wanted::Other),
        ] {
            assert_eq!(ask(&[(name.clone(), value)]), expected, "{name}: {value}");
        }
        let newer = [(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, date.as_str())];
        assert_eq!(ask(&newer), Wanted::Whole);
    }

    #[test]
    fn a_part_of_another_version_is_not_sent() {
        let etag = version().etag;
        let range = (RANGE, "bytes=0-9");
        assert_eq!(ask(&[range.clone(), (IF_RANGE, &etag)]), Wanted::Part(0..10));
        let date = version().last_modified().unwrap();
        assert_eq!(ask(&[range.clone(), (IF_RANGE, &date)]), Wanted::Part(0..10));
        assert_eq!(ask(&[range, (IF_RANGE, "\"x\"")]), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(range in "bytes=[0-9]{0,25}-[0-9]{0,25}", len in 0u64..1000) {
            if let Wanted::Part(part) = parse(&range, len) {
                prop_assert!(part.start < part.end && part.end <= len);
            }
        }
    }
}
