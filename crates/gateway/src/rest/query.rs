//! Queries of URLs, as strict as bodies: a parameter once, of the right type, within its bounds.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::{Map, Value};
use tertulia_domain::error::Refusal;
use tertulia_domain::time::Timestamp;
use tertulia_ports::store::PageRequest;

use crate::json;

/// Items of a list when nothing is said.
const LIMIT_DEFAULT: u32 = 50;

/// What a list of pages takes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// `nextCursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    #[serde(default)]
    pub limit: Limit,
}

impl PageQuery {
    pub fn request(self) -> PageRequest {
        PageRequest { cursor: self.cursor, limit: self.limit.0 }
    }
}

/// 1–`MAX`, by default 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<const MAX: u32 = 200>(pub u32);

impl<const MAX: u32> Default for Limit<MAX> {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl<'de, const MAX: u32> Deserialize<'de> for Limit<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = parse(deserializer)?;
        if (1..=MAX).contains(&limit) { Ok(Self(limit)) } else { Err(D::Error::custom("out of bounds")) }
    }
}

impl<const MAX: u32> JsonSchema for Limit<MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX, "default": LIMIT_DEFAULT })
    }
}

/// A position in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeqParam(pub u64);

impl<'de> Deserialize<'de> for SeqParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seq: u64 = parse(deserializer)?;
        Ok(Self(seq.min(tertulia_domain::ids::MAX_SEQ)))
    }
}

impl JsonSchema for SeqParam {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Seq".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0 })
    }
}

fn parse<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = <Cow<'_, str>>::deserialize(deserializer)?;
    // `+5` is a number to Rust, but nobody writes it on purpose.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(D::Error::custom("not a number"));
    }
    text.parse().map_err(D::Error::custom)
}

/// Which messages of a conversation. At most one of `before`, `after`, `around` and `at`; none: the newest.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct MessagesQuery {
    /// Those with a smaller `seq`.
    #[serde(default)]
    pub before: Option<SeqParam>,
    /// Those with a greater `seq`.
    #[serde(default)]
    pub after: Option<SeqParam>,
    /// Half before, half from this `seq` on.
    #[serde(default)]
    pub around: Option<SeqParam>,
    /// Around the first one written at this time or later.
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub limit: Limit,
}

/// A piece of a log.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct EventsQuery {
    /// Events with a greater `seq`.
    #[serde(default)]
    pub after: Option<SeqParam>,
    #[serde(default)]
    pub limit: Limit<500>,
}

/// A search by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct NameQuery {
    /// Absent = all.
    #[serde(default)]
    pub query: Option<String>,
    #[serde(default)]
    pub cursor: Option<String>,
    #[serde(default)]
    pub limit: Limit,
}

/// People by name, or by id.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct UsersQuery {
    /// The beginning of a name.
    #[serde(default)]
    pub query: Option<String>,
    /// Up to 200 ids, separated by commas; instead of `query`.
    #[serde(default)]
    pub ids: Option<String>,
    #[serde(default)]
    pub limit: Limit,
}

/// Reads `Q` from what stands behind the `?`. Unknown parameters are ignored, a repeated one is refused.
pub fn read<Q: DeserializeOwned + 'static>(query: Option<&str>) -> Result<Q, Refusal> {
    let mut object = Map::new();
    for (name, value) in pairs(query.unwrap_or_default())? {
        if object.insert(name.clone(), Value::String(value)).is_some() {
            return Err(Refusal::field(name, "stands twice"));
        }
    }
    if std::any::TypeId::of::<Q>() == std::any::TypeId::of::<()>() {
        return json::read("null");
    }
    json::read(&Value::Object(object).to_string())
}

/// The parameters, decoded.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let decode = |text: &str| decode(text).ok_or_else(|| Refusal::field("query", "is not UTF-8 with percent escapes"));
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let hex = |digit: u8| char::from(digit).to_digit(16);
                u8::try_from(hex(digits[0])? * 16 + hex(digits[1])?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_numbers_in_bounds_once() {
        assert_eq!(read::<PageQuery>(None).unwrap().limit.0, 50);
        assert_eq!(read::<PageQuery>(Some("limit=200&other=1")).unwrap().limit.0, 200);
        for bad in [
            "limit=0",
            "limit=-1",
            "limit=201",
            "limit=1e9",
            "limit=abc",
            "limit=",
            "limit=1&limit=2",
            "limit=9007199254740993",
            "limit=%2B5",
        ] {
            let refusal = read::<PageQuery>(Some(bad)).unwrap_err();
            assert_eq!((refusal.code.as_str(), refusal.field.as_deref()), ("INVALID_FIELD", Some("limit")), "{bad}");
        }
        assert!(read::<()>(Some("a=1")).is_ok());
        assert!(read::<()>(Some("a=1&a=1")).is_err());
    }

    #[test]
    fn positions_are_clamped_above_and_refused_below() {
        assert_eq!(read::<EventsQuery>(Some("after=9223372036854775808")).unwrap().after, Some(SeqParam(tertulia_domain::ids::MAX_SEQ)));
        assert_eq!(read::<MessagesQuery>(Some("before=-1")).unwrap_err().field.as_deref(), Some("before"));
        let at = read::<MessagesQuery>(Some("at=2004-07-05T00%3A00:00Z")).unwrap().at.unwrap();
        assert_eq!(at.to_string(), "2004-07-05T00:00:00.000Z");
        assert!(read::<MessagesQuery>(Some("at=yesterday")).is_err());
    }

    #[test]
    fn escapes_are_decoded_or_refused() {
        assert_eq!(read::<NameQuery>(Some("query=caf%C3%A9+au%20lait")).unwrap().query.unwrap(), "café au lait");
        for bad in ["query=%", "query=%zz", "query=%C3%28"] {
            assert!(read::<NameQuery>(Some(bad)).is_err());
        }
    }
}
