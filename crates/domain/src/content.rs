//! What a message says, and what it may not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Refusal;

/// How `text` is to be shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    Plain,
    #[default]
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ContentType {
    Text,
    Image,
    File,
    Location,
}

/// A point on Earth.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Location {
    /// Degrees, -90 to 90.
    pub latitude: f64,
    /// Degrees, -180 to 180.
    pub longitude: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What a message says. It has no `Debug` that prints it: content never reaches a log.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Content {
    #[serde(rename = "type")]
    pub content_type: ContentType,
    /// Required for `text`; a caption otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Absent = `markdown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Ids of files, for `image` and `file`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub attachments: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Free data of the sender's, at most 8 KiB as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "Record<string, unknown>")]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars = self.text.as_deref().map_or(0, |text| text.chars().count());
        write!(f, "Content({:?}, {chars} characters)", self.content_type)
    }
}

/// Bounds on content; the configuration may change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLimits {
    pub text_chars_max: usize,
    pub attachments_max: usize,
    pub metadata_bytes_max: usize,
}

impl Default for ContentLimits {
    fn default() -> Self {
        Self { text_chars_max: 16_000, attachments_max: 20, metadata_bytes_max: 8 * 1024 }
    }
}

impl Content {
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content_type: ContentType::Text,
            text: Some(text.into()),
            format: None,
            attachments: Vec::new(),
            location: None,
            metadata: None,
        }
    }

    /// What is left of a deleted message.
    pub fn tombstone() -> Self {
        Self { text: None, ..Self::text("") }
    }

    /// The text, or nothing.
    pub fn as_text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

/// Characters that leave no mark: zero-width ones, joiners, byte order marks, fillers.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
}

/// Refuses content that says nothing, says too much, or is not what its type promises.
pub fn check_content(content: &Content, limits: ContentLimits) -> Result<(), Refusal> {
    let text = content.as_text();
    if text.contains('\0') {
        return Err(Refusal::field("content.text", "may not contain U+0000"));
    }
    if text.chars().count() > limits.text_chars_max {
        return Err(Refusal {
            limit: Some(limits.text_chars_max as u64),
            ..Refusal::field("content.text", format!("at most {} characters", limits.text_chars_max))
        });
    }
    match content.content_type {
        ContentType::Text if !text.chars().any(|c| !c.is_whitespace() && !is_invisible(c)) => {
            return Err(Refusal::field("content.text", "needs at least one visible character"));
        }
        ContentType::Image | ContentType::File if content.attachments.is_empty() => {
            return Err(Refusal::field("content.attachments", "needs at least one file"));
        }
        ContentType::Location => check_location(content)?,
        _ => {}
    }
    if content.attachments.len() > limits.attachments_max {
        return Err(Refusal::field("content.attachments", format!("at most {}", limits.attachments_max)));
    }
    if content.attachments.iter().any(|id| id.is_empty() || id.len() > 100 || id.chars().any(char::is_control)) {
        return Err(Refusal::field("content.attachments", "is not a list of file ids"));
    }
    let metadata_bytes = content.metadata.as_ref().and_then(|m| serde_json::to_vec(m).ok()).map_or(0, |json| json.len());
    if metadata_bytes > limits.metadata_bytes_max {
        return Err(Refusal::field("content.metadata", format!("at most {} bytes", limits.metadata_bytes_max)));
    }
    Ok(())
}

fn check_location(content: &Content) -> Result<(), Refusal> {
    let Some(location) = &content.location else {
        return Err(Refusal::field("content.location", "is required"));
    };
    let on_earth = (-90.0..=90.0).contains(&location.latitude) && (-180.0..=180.0).contains(&location.longitude);
    let label_fits = location.label.as_ref().is_none_or(|label| label.chars().count() <= 200 && !label.contains('\0'));
    if on_earth && label_fits {
        Ok(())
    } else {
        Err(Refusal::field("content.location", "latitude -90 to 90, longitude -180 to 180, label up to 200 characters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_must_be_visible_and_short_enough() {
        let limits = ContentLimits::default();
        for good in ["hi", &"x".repeat(16_000), &"🙂".repeat(16_000), &format!("e{}", "\u{301}".repeat(10_000)), "\u{202e}abc"] {
            assert_eq!(check_content(&Content::text(good), limits), Ok(()));
        }
        for bad in ["", "   \n", "\u{200b}\u{feff}", "a\0b", &"x".repeat(16_001)] {
            assert_eq!(check_content(&Content::text(bad), limits).unwrap_err().field.as_deref(), Some("content.text"));
        }
    }

    #[test]
    fn debug_never_prints_what_was_said() {
        assert_eq!(format!("{:?}", Content::text("secret")), "Content(Text, 6 characters)");
    }
}
