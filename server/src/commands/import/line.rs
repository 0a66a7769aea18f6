//! One line of the format.

use std::borrow::Cow;

use serde::Deserialize;
use tertulia_domain::content::{Content, ContentLimits, Format, check_content};
use tertulia_domain::conversation::CONVERSATION_NAME_CHARS_MAX;
use tertulia_domain::user::check_name;
use tertulia_domain::{ConversationId, MessageId, Timestamp};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    nick: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
    line: Option<u64>,
    day: Option<String>,
    id: Option<String>,
    reply_to: Option<Target>,
    #[serde(default)]
    kind: Kind,
    #[serde(default = "plain")]
    format: Format,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    Line(u64),
    Id(String),
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Kind {
    #[default]
    Message,
    Action,
}

fn plain() -> Format {
    Format::Plain
}

/// What tells a message of a channel from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Line { day: String, line: u64 },
    Id(String),
}

impl Key {
    /// The same in every run.
    pub fn message_id(&self, conversation: ConversationId) -> MessageId {
        let name = match self {
            Self::Line { day, line } => format!("line/{day}/{line}"),
            Self::Id(id) => format!("id/{id}"),
        };
        MessageId(Uuid::new_v5(&conversation.0, name.as_bytes()))
    }
}

/// A message to be imported.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// In the file, from 1.
    pub number: u64,
    pub channel: String,
    pub nick: String,
    pub at: Timestamp,
    pub content: Content,
    pub key: Key,
    pub reply_to: Option<Key>,
}

/// A line that is none. `why` never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bad {
    pub number: u64,
    pub why: &'static str,
}

/// Reads one line.
pub fn parse(number: u64, bytes: &[u8], limits: ContentLimits) -> Result<Line, Bad> {
    let bad = |why| Bad { number, why };
    let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|error| bad(why_no_line(&error)))?;
    let channel =
        check_name("channel", &raw.channel, CONVERSATION_NAME_CHARS_MAX).map_err(|_| bad("channel is not 1 to 100 visible characters"))?;
    let at: Timestamp = raw.at.parse().map_err(|_| bad("at is not a time in RFC 3339"))?;
    let nick = raw.nick.trim();
    if nick.is_empty() || nick.len() > NICK_BYTES_MAX {
        return Err(bad("nick is empty or too long"));
    }
    let content = content(&raw, nick);
    check_content(&content, limits).map_err(|_| bad("text is empty, too long, or has U+0000 in it"))?;
    let day = raw.day.unwrap_or_else(|| at.to_string().chars().take(10).collect());
    let reply_to = raw.reply_to.map(|target| match target {
        Target::Line(line) => Key::Line { day: day.clone(), line },
        Target::Id(id) => Key::Id(id),
    });
    let key = match (raw.line, raw.id) {
        (None, Some(id)) => Key::Id(id),
        (line, _) => Key::Line { day, line: line.unwrap_or(number) },
    };
    Ok(Line { number, channel, nick: nick.to_owned(), at, content, key, reply_to })
}

const NICK_BYTES_MAX: usize = 400;

fn why_no_line(error: &serde_json::Error) -> &'static str {
    if error.is_data() { "channel, at, nick or text is missing, or a field has the wrong type" } else { "not a JSON object" }
}

fn content(raw: &Raw<'_>, nick: &str) -> Content {
    let (text, format) = match raw.kind {
        Kind::Message => (raw.text.clone().into_owned(), raw.format),
        Kind::Action => (in_italics(nick, &raw.text), Format::Markdown),
    };
    Content { format: Some(format), ..Content::text(text) }
}

/// `_nick waves_`, on one line, with what Markdown would take for itself escaped.
fn in_italics(nick: &str, text: &str) -> String {
    let mut said = String::from("_");
    for c in nick.chars().chain([' ']).chain(text.trim().chars()) {
        match c {
            '\n' | '\r' => said.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' => said.extend(['\\', c]),
            _ => said.push(c),
        }
    }
    said.push('_');
    said
}
