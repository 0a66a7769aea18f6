//! Wall-clock time as the wire has it: RFC 3339 in UTC with milliseconds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// Milliseconds since 1970-01-01T00:00:00Z. It displays; `seq` orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, TS)]
#[ts(type = "string")]
pub struct Timestamp(i64);

/// The text is not RFC 3339, or lies outside the years 0001–9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time in RFC 3339")]
pub struct NotATime;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// 0001-01-01T00:00:00Z to 9999-12-30T22:00:00Z: what RFC 3339 can write in any zone.
    const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_200_000;

    /// `None` outside the years that RFC 3339 can write.
    pub fn from_millis(ms: i64) -> Option<Self> {
        Self::RANGE.contains(&ms).then_some(Self(ms))
    }

    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// `self + ms`, held within the representable years.
    pub fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms).clamp(*Self::RANGE.start(), *Self::RANGE.end()))
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` is the earlier one.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "1970-01-01T00:00:00.000Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let at: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Self::from_millis(at.as_millisecond()).ok_or(NotATime)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339 in UTC with milliseconds" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_milliseconds_and_reads_offsets() {
        let at: Timestamp = "2026-11-23T10:15:30.5+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-23T09:15:30.500Z");
        assert_eq!("9999-12-30T00:00:00Z".parse::<Timestamp>().unwrap().to_string(), "9999-12-30T00:00:00.000Z");
        assert_eq!("tomorrow".parse::<Timestamp>(), Err(NotATime));
    }
}
