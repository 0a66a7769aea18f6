//! The one reader of JSON that clients send, for REST bodies and frames alike.
//! Stricter than the grammar: no deep nesting, no key twice, no half surrogates.

mod locate;
mod strict;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tertulia_domain::error::{Code, Refusal};

/// Refuses what is not JSON that we accept; an accepted text can be read any number of times.
pub fn check(text: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(text).map_err(|error| invalid(format!("not UTF-8 after byte {}", error.valid_up_to())))?;
    serde_json::from_str::<strict::Strict>(text).map_err(|error| invalid(error.to_string()))?;
    Ok(text)
}

/// Reads `T` from a text that [`check`] accepted. A field that is missing, of the wrong type or out of
/// bounds is an `INVALID_FIELD` that names it.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

/// As [`read`], borrowing from the text.
pub fn read_borrowed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::InvalidJson, message)
}

fn explain(text: &str, error: &serde_json::Error) -> Refusal {
    // Serde quotes what it did not like, and that may be content: only the kind of fault is told.
    let said = error.to_string();
    if error.classify() != Category::Data {
        return invalid(format!("not valid at line {} column {}", error.line(), error.column()));
    }
    let from_serde =
        ["missing field", "invalid type", "invalid value", "invalid length", "unknown variant"].iter().any(|kind| said.starts_with(kind));
    let mut path = locate::path_at(text, error.line(), error.column(), !from_serde);
    if let Some(name) = said.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        return Refusal::field(path, "is required");
    }
    let message = match said.split([':', ',']).next() {
        Some("unknown variant") => "is not one of the values that are allowed",
        Some("invalid type") => "has the wrong type",
        Some("invalid value") => "is out of bounds",
        _ => "is not valid",
    };
    if path.is_empty() { Refusal::new(Code::InvalidField, format!("the value {message}")) } else { Refusal::field(path, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tertulia_protocol::v1::{MessageEdit, SyncRequest};

    fn code(text: &[u8]) -> Code {
        check(text).unwrap_err().code
    }

    #[test]
    fn accepts_json_as_clients_write_it() {
        for good in [&b"{}"[..], br#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#, "\"\u{1F642} \\ud83d\\ude42\"".as_bytes(), b" [1.5e300, null] "]
        {
            assert!(check(good).is_ok());
        }
        let deep = format!("{}{}", "[".repeat(32), "]".repeat(32));
        assert!(check(deep.as_bytes()).is_ok());
    }

    #[test]
    fn refuses_what_other_readers_might_read_differently() {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let open = "[".repeat(60_000);
        let objects = "{\"a\":".repeat(10_000);
        for bad in [deep.as_bytes(), open.as_bytes(), objects.as_bytes()] {
            assert_eq!(code(bad), Code::InvalidJson);
        }
        let cases = [
            "{",
            "",
            "{}x",
            "nul",
            "NaN",
            "Infinity",
            "1e400",
            "[1,]",
            "{'a':1}",
            r#"{"text":"a","text":"b"}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#"{"\ud800":1}"#,
            "\"a\nb\"",
            "\u{feff}{}",
        ];
        for bad in cases {
            assert_eq!(code(bad.as_bytes()), Code::InvalidJson, "{bad}");
        }
        assert_eq!(code(&[b'"', 0xc3, 0x28, b'"']), Code::InvalidJson);
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        let id = "0190b2c4-7a1e-7c3d-9a4b-1c2d3e4f5a6b";
        let cases = [
            (format!(r#"{{"messageId":"{id}"}}"#), "content"),
            (format!(r#"{{"messageId":"{id}","content":{{"text":"x"}}}}"#), "content.type"),
            (format!(r#"{{"messageId":"{id}","content":{{"type":"text","text":5}}}}"#), "content.text"),
            (format!(r#"{{"messageId":"{id}","content":{{"type":"film"}}}}"#), "content.type"),
            (r#"{"messageId":"nope","content":{"type":"text"}}"#.into(), "messageId"),
            (r#"{"content":{"type":"text"},"messageId":"nope"}"#.into(), "messageId"),
            (format!(r#"{{"messageId":"{id}","content":[]}}"#), "content"),
            (format!(r#"{{"messageId":"{id}","content":{{"type":"image","attachments":["a",7]}}}}"#), "content.attachments[1]"),
        ];
        for (text, field) in cases {
            let refusal = read::<MessageEdit>(check(text.as_bytes()).unwrap()).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::InvalidField, Some(field)), "{text}");
        }
        let text = format!(r#"{{"conversations":[{{"conversationId":"{id}","lastSeq":1}},{{"conversationId":"{id}","lastSeq":-1}}]}}"#);
        assert_eq!(read::<SyncRequest>(&text).unwrap_err().field.as_deref(), Some("conversations[1].lastSeq"));
        let ids = format!(r#"{{"userIds":["{id}","nope"]}}"#);
        assert_eq!(read::<tertulia_protocol::v1::UserIds>(&ids).unwrap_err().field.as_deref(), Some("userIds[1]"));
        assert_eq!(read::<SyncRequest>("[]").unwrap_err().code, Code::InvalidField);
    }

    #[test]
    fn an_error_never_repeats_the_content() {
        let refusal = read::<MessageEdit>(r#"{"messageId":"secret words","content":{"type":"secret words"}}"#).unwrap_err();
        assert!(!format!("{refusal:?}").contains("secret"));
    }
}
