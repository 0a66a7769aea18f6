//! Frames of protocol v1 as bytes, each made once and shared by all who get it.

use bytes::Bytes;
use serde::Serialize;
use tertulia_domain::error::Refusal;
use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::ids::{ConversationId, Seq, UserId};
use tertulia_domain::time::Timestamp;
use tertulia_protocol::error::ErrorBody;
use tertulia_protocol::v1::{AckStatus, ErrorFrame, ServerFrame};

use super::frame::encode_json;

#[derive(Serialize)]
struct Typed<P> {
    #[serde(rename = "type")]
    kind: &'static str,
    payload: P,
}

/// As `v1::InLog`, without taking the event apart.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InLog<'a, T> {
    conversation_id: ConversationId,
    seq: Seq,
    actor_id: UserId,
    at: Timestamp,
    #[serde(flatten)]
    body: &'a T,
}

/// As `v1::Ack`, with a result of its own type.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ack<'a, T> {
    ref_id: &'a str,
    status: AckStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
}

fn typed<P: Serialize>(kind: &'static str, payload: P) -> Bytes {
    encode_json(&Typed { kind, payload }).unwrap_or_else(|error| {
        tracing::error!(kind, %error, "a frame could not be written");
        Bytes::new()
    })
}

/// Any frame but events and acks, which have ways of their own.
pub fn server_frame(frame: &ServerFrame) -> Bytes {
    encode_json(frame).unwrap_or_else(|error| {
        tracing::error!(%error, "a frame could not be written");
        Bytes::new()
    })
}

/// A durable event.
pub fn event(event: &Event) -> Bytes {
    fn logged<T: Serialize>(event: &Event, body: &T) -> Bytes {
        let Event { conversation_id, seq, actor_id, at, .. } = *event;
        typed(event.body.kind(), InLog { conversation_id, seq, actor_id, at, body })
    }
    match &event.body {
        EventBody::MessageNew(body) => logged(event, body),
        EventBody::MessageUpdated(body) => logged(event, body),
        EventBody::MessageDeleted(body) => logged(event, body),
        EventBody::MessageReaction(body) => logged(event, body),
        EventBody::MessagePinned(body) => logged(event, body),
        EventBody::MemberJoined(body) => logged(event, body),
        EventBody::MemberLeft(body) => logged(event, body),
        EventBody::MemberUpdated(body) => logged(event, body),
        EventBody::ConversationUpdated(body) => logged(event, body),
    }
}

/// The answer to a frame that had an id.
pub fn ack<T: Serialize>(ref_id: &str, result: &T) -> Bytes {
    typed("ack", Ack { ref_id, status: AckStatus::Ok, result: Some(result), error: None })
}

/// The refusal of a frame: an ack where it had an id, an `error` frame otherwise.
pub fn refusal(ref_id: Option<&str>, refusal: Refusal) -> Bytes {
    metrics::counter!("tertulia_errors_total", "code" => refusal.code.as_str()).increment(1);
    let error = ErrorBody::from(refusal);
    match ref_id {
        Some(ref_id) => typed("ack", Ack::<()> { ref_id, status: AckStatus::Error, result: None, error: Some(error) }),
        None => server_frame(&ServerFrame::Error(ErrorFrame { error, ref_id: None })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_slice, json, to_value};
    use tertulia_domain::error::Code;
    use tertulia_domain::event::MemberLeft;
    use tertulia_protocol::v1;
    use uuid::Uuid;

    fn payload(bytes: &Bytes) -> Value {
        let start = bytes.iter().position(|&byte| byte == b'{').unwrap();
        from_slice(&bytes[start..]).unwrap()
    }

    #[test]
    fn the_short_ways_write_what_the_protocol_types_write() {
        let (conversation_id, actor_id) = (ConversationId(Uuid::now_v7()), UserId(Uuid::now_v7()));
        let body: MemberLeft = serde_json::from_value(json!({ "userId": actor_id }))
            .unwrap_or_else(|_| serde_json::from_value(json!({ "userId": actor_id, "memberCount": 1 })).unwrap());
        let at = Timestamp::EPOCH;
        let told = Event { conversation_id, seq: 7, actor_id, at, body: EventBody::MemberLeft(body.clone()) };
        let frame = ServerFrame::MemberLeft(v1::InLog { conversation_id, seq: 7, actor_id, at, body });
        assert_eq!(payload(&event(&told)), to_value(&frame).unwrap());
        let acked = ServerFrame::Ack(v1::Ack { ref_id: "1".into(), status: AckStatus::Ok, result: Some(json!({ "seq": 5 })), error: None });
        assert_eq!(payload(&ack("1", &v1::Changed { seq: Some(5) })), to_value(&acked).unwrap());
        let refused = Refusal::new(Code::NotFound, "not found");
        let frame =
            ServerFrame::Ack(v1::Ack { ref_id: "1".into(), status: AckStatus::Error, result: None, error: Some(refused.clone().into()) });
        assert_eq!(payload(&refusal(Some("1"), refused)), to_value(&frame).unwrap());
    }
}
