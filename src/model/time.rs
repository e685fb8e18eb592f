//! Times and lifetimes, in whole seconds of UTC: one value, one spelling. Text in files and JSON, seconds in the cache.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A time or lifetime that is not spelled as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {wanted}")]
pub struct InvalidTime {
    /// What was given.
    pub text: String,
    /// The spelling that is wanted, with its article.
    pub wanted: &'static str,
}

const WANTED_TIME: &str = "a time like `2026-11-23T09:30:00Z`";
const WANTED_LIFETIME: &str = "a length of time like `72h`, `90m` or `3d`, from 1 second to 8760h (a year)";
const LONGEST_LIFETIME: i64 = 8760 * 3600;

/// A moment, seconds since 1970-01-01T00:00:00Z. Spelled `YYYY-MM-DDTHH:MM:SSZ`, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => serializer.serialize_i64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.is_human_readable() {
            true => Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom),
            false => Self::from_seconds(i64::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no time")),
        }
    }
}

impl Time {
    /// From seconds since the Unix epoch, years 1970 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (0..=253_402_300_799).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// This time plus a lifetime; stays within year 9999.
    pub fn plus(self, lifetime: Lifetime) -> Self {
        Self(self.0.saturating_add(lifetime.0).min(253_402_300_799))
    }

    /// This time less a lifetime; stays at or after 1970.
    pub fn minus(self, lifetime: Lifetime) -> Self {
        Self((self.0 - lifetime.0).max(0))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`.
    ///
    /// # Errors
    /// For any other spelling, an impossible date, or a year outside 1970–9999.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let wrong = || InvalidTime { text: text.to_owned(), wanted: WANTED_TIME };
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
        let time = Self::from_seconds(parsed.timestamp()).ok_or_else(wrong)?;
        if time.to_string() == text { Ok(time) } else { Err(wrong()) }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp(self.0, 0).expect("years 1970 to 9999 are representable");
        f.pad(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// A length of time, from one second to a year. Any unit may be typed; stored in the largest of `h`, `m`, `s` that divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lifetime(i64);

impl Lifetime {
    /// A lifetime of whole hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3600)
    }

    /// A lifetime of whole minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60)
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Reads a number and one of `s`, `m`, `h`, `d`.
    ///
    /// # Errors
    /// For any other spelling, zero, or more than a year: an approval that never lapses is no bound at all.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        let wrong = || InvalidTime { text: text.to_owned(), wanted: WANTED_LIFETIME };
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            Some(b'd') => 86_400,
            _ => return Err(wrong()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: i64 = digits.parse().map_err(|_| wrong())?;
        let seconds = number.checked_mul(unit).ok_or_else(wrong)?;
        if (1..=LONGEST_LIFETIME).contains(&seconds) { Ok(Self(seconds)) } else { Err(wrong()) }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

impl TryFrom<String> for Lifetime {
    type Error = InvalidTime;
    fn try_from(text: String) -> Result<Self, InvalidTime> {
        Self::parse(&text)
    }
}

impl From<Lifetime> for String {
    fn from(lifetime: Lifetime) -> String {
        lifetime.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        let time = Time::parse("2026-11-23T09:30:00Z").expect("valid");
        assert_eq!(time.to_string(), "2026-11-23T09:30:00Z");
        for bad in [
            "2026-11-23T09:30:00+00:00",
            "2026-11-23 09:30:00Z",
            "2026-11-23T09:30:00.0Z",
            "2026-02-30T00:00:00Z",
            "soon",
        ] {
            assert!(Time::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lifetime_is_stored_in_its_largest_unit_and_never_endless() {
        assert_eq!(Lifetime::parse("3d").expect("valid").to_string(), "72h");
        assert_eq!(Lifetime::parse("90m").expect("valid").to_string(), "90m");
        for bad in ["0h", "never", "-1h", "9000h", "1w", "h", "99999999999999999999h", "+1h"] {
            assert!(Lifetime::parse(bad).is_err(), "{bad}");
        }
    }
}
