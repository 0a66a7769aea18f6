//! What is said to a server to join, and to publish: ours, and those that we are compared with.

use serde_json::Value;
use tertulia_domain::{Content, ConversationId, MessageId};
use tertulia_protocol::v1::{ClientFrame, MessageInput, MessageSend, ServerFrame};
use uuid::Uuid;

use crate::stamp::Stamp;
use crate::target::Target;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Protocol v1.
    Tertulia,
    /// A WebSocket whose text frames reach everybody in the room that its URL names.
    Plain,
    /// The same by socket.io's protocol, event `m`.
    SocketIo,
}

/// What the server said to somebody who joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Welcome {
    pub resume_token: String,
    pub resumed: bool,
}

/// Where joining stands.
#[derive(Debug, PartialEq, Eq)]
pub enum Greeting {
    NotYet,
    Say(&'static [u8]),
    Done(Welcome),
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The request that opens a WebSocket. `headers`: whole lines.
pub fn upgrade(target: &Target, path: &str, headers: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n{headers}\r\n",
        target.host
    )
    .into_bytes()
}

/// Opens a WebSocket of protocol v1; with a resume token, in place of one that was lost.
pub fn upgrade_as(target: &Target, access_token: &str, resume: Option<&str>) -> Vec<u8> {
    let path = resume.map_or_else(|| "/api/v1/ws".to_owned(), |token| format!("/api/v1/ws?resume={token}"));
    upgrade(target, &path, &format!("Authorization: Bearer {access_token}\r\n"))
}

impl Dialect {
    /// Opens a connection to a reference or peer: one that listens in a room, or one that only speaks there.
    pub fn upgrade_to_room(self, target: &Target, room: usize, listens: bool) -> Vec<u8> {
        let role = if listens { "both" } else { "pub" };
        match self {
            Self::SocketIo => upgrade(target, &format!("/socket.io/?EIO=4&transport=websocket&room={room}&role={role}"), ""),
            Self::Plain | Self::Tertulia => upgrade(target, &format!("/?room={room}&role={role}"), ""),
        }
    }

    /// What the opened socket means: some say nothing more.
    pub fn opened(self) -> Greeting {
        if self == Self::Plain { Greeting::Done(Welcome::default()) } else { Greeting::NotYet }
    }

    /// What a frame means to one who joins.
    pub fn greeting(self, text: &[u8]) -> Greeting {
        match self {
            Self::Tertulia if text.starts_with(b"{\"type\":\"connected\"") => match serde_json::from_slice(text) {
                Ok(ServerFrame::Connected(it)) => Greeting::Done(Welcome { resume_token: it.resume_token, resumed: it.resumed }),
                _ => Greeting::NotYet,
            },
            Self::SocketIo if text.starts_with(b"0{") => Greeting::Say(b"40"),
            Self::SocketIo if text.starts_with(b"40") => Greeting::Done(Welcome::default()),
            _ => Greeting::NotYet,
        }
    }

    /// What has to be answered to stay connected.
    pub fn keepalive(self, text: &[u8]) -> Option<&'static [u8]> {
        (self == Self::SocketIo && text == b"2").then_some(b"3")
    }

    /// A message to everybody in the room.
    pub fn publish(self, conversation: ConversationId, stamp: Stamp, size: usize) -> String {
        let text = stamp.text(size);
        match self {
            Self::Tertulia => send(conversation, &text, &stamp.number.to_string()),
            Self::Plain => text,
            Self::SocketIo => format!("42[\"m\",\"{text}\"]"),
        }
    }
}

impl Dialect {
    /// A frame of ours, as a peer is given it to pass on to the room.
    pub fn relayed(self, frame: String) -> String {
        if self == Self::SocketIo { format!("42[\"m\",{frame}]") } else { frame }
    }
}

/// A `message.send` with this id of its frame.
pub fn send(conversation: ConversationId, text: &str, frame_id: &str) -> String {
    let message = MessageInput {
        content: Content::text(text),
        reply_to: None,
        thread_root: None,
        priority: None,
        expires_in_ms: None,
        scheduled_at: None,
    };
    let message_id = MessageId(Uuid::now_v7());
    frame(&ClientFrame::MessageSend(MessageSend { message_id, conversation_id: conversation, message }), Some(frame_id))
}

/// A frame of ours as text; with an id it is answered by an ack.
pub fn frame(frame: &ClientFrame, id: Option<&str>) -> String {
    let mut value = serde_json::to_value(frame).unwrap_or_default();
    if let (Some(object), Some(id)) = (value.as_object_mut(), id) {
        object.insert("id".into(), Value::from(id));
    }
    value.to_string()
}

/// What an `ack` says, found without parsing.
#[derive(Debug, PartialEq, Eq)]
pub enum Acked {
    /// The frame's id.
    Ok(u32),
    /// The error's code.
    Refused(String),
}

/// None: the frame is no ack.
pub fn ack(text: &[u8]) -> Option<Acked> {
    let is_error = text.starts_with(b"{\"type\":\"error\"");
    if !is_error && !text.starts_with(b"{\"type\":\"ack\"") {
        return None;
    }
    let head = text.get(..text.len().min(400)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    if is_error || head.contains("\"status\":\"error\"") {
        return Some(Acked::Refused(between(&head, "\"code\":\"").unwrap_or("?").to_owned()));
    }
    Some(Acked::Ok(between(&head, "\"refId\":\"").and_then(|id| id.parse().ok()).unwrap_or(u32::MAX)))
}

fn between<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acks_are_read_without_parsing() {
        let ok = br#"{"type":"ack","payload":{"refId":"17","status":"ok","result":{"seq":3}}}"#;
        assert_eq!(ack(ok), Some(Acked::Ok(17)));
        let refused = br#"{"type":"ack","payload":{"refId":"17","status":"error","error":{"code":"RATE_LIMITED","message":"x"}}}"#;
        assert_eq!(ack(refused), Some(Acked::Refused("RATE_LIMITED".into())));
        assert_eq!(ack(br#"{"type":"error","payload":{"code":"INVALID_JSON"}}"#), Some(Acked::Refused("INVALID_JSON".into())));
        assert_eq!(ack(br#"{"type":"message.new","payload":{}}"#), None);
    }

    #[test]
    fn a_send_is_what_the_protocol_says() {
        let conversation = ConversationId(Uuid::now_v7());
        let stamp = Stamp { due_us: 1, stream: 2, number: 3 };
        let text = Dialect::Tertulia.publish(conversation, stamp, 300);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["id"], "3");
        let ClientFrame::MessageSend(sent) = serde_json::from_value(value).unwrap() else { panic!("{text}") };
        assert_eq!((sent.conversation_id, sent.message.content.as_text().len()), (conversation, 300));
    }
}
