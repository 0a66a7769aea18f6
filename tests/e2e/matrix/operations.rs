//! What is done, by REST and by frame.

use reqwest::Method;
use serde_json::{Value, json};
use tertulia_tests::{Client, text};

use super::actors::{Actor, Stage};

#[derive(Debug, Clone, Copy)]
pub enum Operation {
    Look,
    Read,
    ReadMessage,
    Send,
    EditOwn,
    EditOthers,
    DeleteOwn,
    DeleteOthers,
    React,
    Pin,
    Type,
    MarkRead,
    Focus,
    Preferences,
    AddMember,
    RemoveMember,
    SetRole,
    Update,
    Archive,
    Join,
    Leave,
}

use Operation::*;

/// In the order of the tables.
pub const ALL: [Operation; 21] = [
    Look,
    Read,
    ReadMessage,
    Send,
    EditOwn,
    EditOthers,
    DeleteOwn,
    DeleteOthers,
    React,
    Pin,
    Type,
    MarkRead,
    Focus,
    Preferences,
    AddMember,
    RemoveMember,
    SetRole,
    Update,
    Archive,
    Join,
    Leave,
];

impl Operation {
    /// Whether somebody is elsewhere, or the place another, when it is done.
    pub fn moves_people(self) -> bool {
        matches!(self, AddMember | RemoveMember | SetRole | Archive | Join | Leave)
    }
}

/// The letter of the table for what an answer says.
fn letter(code: &str) -> char {
    match code {
        "" => 'y',
        "FORBIDDEN" => 'f',
        "CONVERSATION_ARCHIVED" => 'a',
        "NOT_FOUND" => '.',
        "TOKEN_INVALID" => 'u',
        _ => '?',
    }
}

fn id_of(client: &Client) -> &str {
    client.account.as_ref().map_or("00000000-0000-7000-8000-000000000000", |account| &account.id)
}

/// By REST: the letter of the worst answer. What only exists as a frame counts by the reading of the same place.
pub async fn rest(stage: &Stage, actor: &Actor, operation: &Operation) -> char {
    let [edited, deleted, shown] = &stage.others;
    let words = json!({ "content": text("reworded") });
    let message = |id: &str, rest: &str| format!("messages/{id}{rest}");
    let calls: Vec<(Method, String, Value)> = match operation {
        Look => vec![(Method::GET, stage.path(""), Value::Null)],
        Read => ["/messages", "/events", "/members", "/receipts", "/pins", "/scheduled"]
            .map(|rest| (Method::GET, stage.path(rest), Value::Null))
            .into(),
        ReadMessage => vec![(Method::GET, message(shown, ""), Value::Null), (Method::GET, message(shown, "/versions"), Value::Null)],
        Send => vec![(Method::POST, stage.path("/messages"), stage.new_message())],
        EditOwn => vec![(Method::PATCH, message(&actor.to_edit, ""), words)],
        EditOthers => vec![(Method::PATCH, message(edited, ""), words)],
        DeleteOwn => vec![(Method::DELETE, message(&actor.to_delete, ""), Value::Null)],
        DeleteOthers => vec![(Method::DELETE, message(deleted, ""), Value::Null)],
        React => vec![(Method::POST, message(shown, "/reactions"), json!({ "emoji": "👍" }))],
        Pin => vec![(Method::PUT, message(shown, "/pin"), Value::Null), (Method::DELETE, message(shown, "/pin"), Value::Null)],
        Type | Focus => vec![],
        MarkRead => vec![(Method::POST, stage.path("/receipts"), json!({ "readSeq": 1 }))],
        Preferences => vec![(Method::PATCH, stage.path("/preferences"), json!({ "pinned": true }))],
        AddMember => vec![(Method::POST, stage.path("/members"), json!({ "userIds": [stage.recruit.id()] }))],
        RemoveMember => vec![(Method::DELETE, stage.path(&format!("/members/{}", stage.victim.id())), Value::Null)],
        SetRole => vec![(Method::PATCH, stage.path(&format!("/members/{}", stage.victim.id())), json!({ "role": "admin" }))],
        Update => vec![(Method::PATCH, stage.path(""), json!({ "topic": "changed" }))],
        Archive => vec![(Method::DELETE, stage.path(""), Value::Null)],
        Join => vec![(Method::POST, stage.path("/members"), json!({ "userIds": [id_of(&actor.client)] }))],
        Leave => vec![(Method::DELETE, stage.path(&format!("/members/{}", id_of(&actor.client))), Value::Null)],
    };
    if calls.is_empty() {
        return if actor.socket.is_none() { 'u' } else { socket(stage, actor, operation).await.unwrap() };
    }
    let mut letters = Vec::new();
    for (method, path, body) in calls {
        let reply = actor.client.call(method, &path, Some(&body).filter(|body| !body.is_null())).await;
        letters.push(if reply.status < 300 { 'y' } else { letter(&reply.code()) });
    }
    letters.dedup();
    if letters.len() == 1 { letters[0] } else { '?' }
}

/// By frame; none where there is no such frame, or no connection.
pub async fn socket(stage: &Stage, actor: &Actor, operation: &Operation) -> Option<char> {
    let [edited, deleted, shown] = &stage.others;
    let here = json!({ "conversationId": stage.conversation });
    let up_to = |seq: u64| json!({ "conversationId": stage.conversation, "seq": seq });
    let edit = |id: &str| json!({ "messageId": id, "content": text("reworded again") });
    let frames = match operation {
        Send => vec![("message.send", stage.new_message())],
        EditOwn => vec![("message.edit", edit(&actor.to_edit))],
        EditOthers => vec![("message.edit", edit(edited))],
        DeleteOwn => vec![("message.delete", json!({ "messageId": actor.to_delete }))],
        DeleteOthers => vec![("message.delete", json!({ "messageId": deleted }))],
        React => ["add", "remove"].map(|action| ("message.react", json!({ "messageId": shown, "emoji": "👎", "action": action }))).into(),
        Pin => ["add", "remove"].map(|action| ("message.pin", json!({ "messageId": shown, "action": action }))).into(),
        Type => vec![("typing.start", here.clone()), ("typing.stop", here)],
        MarkRead => vec![("receipt.delivered", up_to(2)), ("receipt.read", up_to(2)), ("receipt.unread", up_to(1))],
        Focus => vec![("conversation.focus", here)],
        _ => return None,
    };
    let mut socket = actor.socket.as_ref()?.lock().await;
    let mut letters = Vec::new();
    for (kind, payload) in frames {
        let ack = socket.ask(kind, payload).await;
        letters.push(letter(ack["error"]["code"].as_str().unwrap_or_default()));
    }
    letters.dedup();
    Some(if letters.len() == 1 { letters[0] } else { '?' })
}
