//! The frame around a payload: `{ "type", "id"?, "payload"? }`.

use serde::Deserialize;
use serde_json::value::RawValue;
use tertulia_domain::error::{Code, Refusal};
use tertulia_protocol::v1::ClientFrame;

use crate::json;

/// A frame whose payload is still to be read.
#[derive(Debug)]
pub struct Envelope<'a> {
    pub kind: &'static str,
    pub id: Option<String>,
    /// `{}` where there is none.
    pub payload: &'a str,
}

/// Why a frame cannot be taken, and the id to answer to where it has one.
#[derive(Debug)]
pub struct Malformed {
    pub id: Option<String>,
    pub refusal: Refusal,
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

const ID_CHARS_MAX: usize = 128;

/// Reads the envelope. Unknown fields are ignored.
pub fn read(text: &str) -> Result<Envelope<'_>, Malformed> {
    let malformed = |refusal| Malformed { id: None, refusal };
    let text = json::check(text.as_bytes()).map_err(malformed)?;
    if !text.trim_start().starts_with('{') {
        return Err(malformed(invalid("a frame is an object")));
    }
    let outer: Outer<'_> = json::read_borrowed(text).map_err(malformed)?;
    let id = match outer.id {
        None => None,
        Some(raw) => Some(read_id(raw.get()).ok_or_else(|| malformed(invalid("`id` is a text of 1 to 128 characters")))?),
    };
    let refused = |refusal| Malformed { id: id.clone(), refusal };
    let name: String =
        outer.kind.and_then(|raw| json::read(raw.get()).ok()).ok_or_else(|| refused(invalid("`type` is missing or not a text")))?;
    let kind = ClientFrame::TYPES.iter().find(|known| **known == name);
    let kind = kind.copied().ok_or_else(|| refused(Refusal::new(Code::UnknownType, "no frame of this type exists")))?;
    let payload = outer.payload.map(RawValue::get).filter(|raw| *raw != "null");
    match payload {
        Some(raw) if !raw.starts_with('{') => Err(refused(invalid("`payload` is an object"))),
        None if kind != "heartbeat" => Err(refused(invalid("`payload` is missing"))),
        payload => Ok(Envelope { kind, id, payload: payload.unwrap_or("{}") }),
    }
}

fn read_id(raw: &str) -> Option<String> {
    let id: String = json::read(raw).ok()?;
    (1..=ID_CHARS_MAX).contains(&id.chars().count()).then_some(id)
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(Code::InvalidMessage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        let frame = read(r#"{"type":"typing.start","id":"a","payload":{"x":1},"traceparent":"00-1"}"#).unwrap();
        assert_eq!((frame.kind, frame.id.as_deref(), frame.payload), ("typing.start", Some("a"), r#"{"x":1}"#));
        for beat in
            [r#"{"type":"heartbeat"}"#, r#"{"type":"heartbeat","payload":null,"id":null}"#, r#" {"type":"heartbeat","payload":{}} "#]
        {
            let frame = read(beat).unwrap();
            assert_eq!((frame.kind, frame.id, frame.payload), ("heartbeat", None, "{}"));
        }
    }

    #[test]
    fn each_fault_has_its_code_and_keeps_the_id_that_could_be_read() {
        let long = format!(r#"{{"type":"heartbeat","id":"{}"}}"#, "x".repeat(129));
        let cases = [
            ("hello", Code::InvalidJson, None),
            ("[1]", Code::InvalidMessage, None),
            ("5", Code::InvalidMessage, None),
            ("{}", Code::InvalidMessage, None),
            (r#"{"id":"a","payload":{}}"#, Code::InvalidMessage, Some("a")),
            (r#"{"type":5,"id":"a"}"#, Code::InvalidMessage, Some("a")),
            (r#"{"type":"message.fly","id":"a"}"#, Code::UnknownType, Some("a")),
            (r#"{"type":"heartbeat","id":7}"#, Code::InvalidMessage, None),
            (r#"{"type":"heartbeat","id":""}"#, Code::InvalidMessage, None),
            (long.as_str(), Code::InvalidMessage, None),
            (r#"{"type":"message.send","id":"a"}"#, Code::InvalidMessage, Some("a")),
            (r#"{"type":"message.send","id":"a","payload":[]}"#, Code::InvalidMessage, Some("a")),
            (r#"{"type":"heartbeat","type":"heartbeat"}"#, Code::InvalidJson, None),
        ];
        for (text, code, id) in cases {
            let fault = read(text).unwrap_err();
            assert_eq!((fault.refusal.code, fault.id.as_deref()), (code, id), "{text}");
        }
    }
}
