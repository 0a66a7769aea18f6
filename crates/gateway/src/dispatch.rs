//! One line per frame type: the server's table of contents.

use bytes::Bytes;
use serde::Serialize;
use tertulia_domain::error::{Code, Refusal};
use tertulia_protocol::v1;

use crate::gateway::Gateway;
use crate::handlers::{Answer, conversations, messages, presence, receipts, sync};
use crate::json::read;
use crate::rest::body::TakenBody;
use crate::ws::encode;
use crate::ws::hub::Member;

/// A frame as it came, checked but for its payload.
pub struct Request {
    pub kind: &'static str,
    pub id: Option<String>,
    pub payload: String,
}

/// Whether a frame's answer may take long to make: then it is not made where others wait for their turn.
pub fn is_long(kind: &str) -> bool {
    matches!(kind, "sync.request" | "presence.subscribe")
}

/// Carries out a frame; answers what to send back, none where nothing is expected.
pub async fn dispatch(gateway: Gateway, member: Member, request: Request) -> Option<Bytes> {
    let id = request.id.as_deref();
    match carry_out(gateway, member, request.kind, &request.payload, id).await {
        Ok(answer) => answer,
        Err(refusal) => Some(encode::refusal(id, refusal)),
    }
}

async fn carry_out(gateway: Gateway, member: Member, kind: &'static str, payload: &str, id: Option<&str>) -> Answer<Option<Bytes>> {
    let caller = member.caller;
    match kind {
        "message.send" => done(id, messages::send(gateway, caller, v1::MessageSend::read(payload)?).await),
        "message.edit" => done(id, messages::edit(gateway, caller, read(payload)?).await),
        "message.delete" => done(id, messages::delete(gateway, caller, read(payload)?).await),
        "message.react" => done(id, messages::react(gateway, caller, read(payload)?).await),
        "message.pin" => done(id, messages::pin(gateway, caller, read(payload)?).await),
        "receipt.delivered" => done(id, receipts::delivered(gateway, caller, read(payload)?).await),
        "receipt.read" => done(id, receipts::read(gateway, caller, read(payload)?).await),
        "receipt.unread" => done(id, receipts::unread(gateway, caller, read(payload)?).await),
        "typing.start" => done(id, presence::start_typing(gateway, caller, read(payload)?).await),
        "typing.stop" => done(id, presence::stop_typing(gateway, caller, read(payload)?).await),
        "presence.update" => done(id, presence::update(gateway, caller, read(payload)?).await),
        "presence.subscribe" => done(id, presence::subscribe(gateway, member, read(payload)?).await),
        "presence.unsubscribe" => done(id, presence::unsubscribe(gateway, member, read(payload)?).await),
        "conversation.focus" => done(id, conversations::focus(gateway, member, read(payload)?).await),
        "sync.request" => done(id, sync::sync(gateway, caller, read(payload)?).await),
        "auth.refresh" => done(id, refresh(gateway, member, read(payload)?).await),
        "heartbeat" => done(id, Ok(heartbeat(&gateway, &member))),
        _ => Err(Refusal::new(Code::UnknownType, "no frame of this type exists")),
    }
}

fn done<T: Serialize>(id: Option<&str>, answer: Answer<T>) -> Answer<Option<Bytes>> {
    answer.map(|result| id.map(|id| encode::ack(id, &result)))
}

/// A newer token of the same session keeps the connection open.
async fn refresh(gateway: Gateway, member: Member, frame: v1::AuthRefresh) -> Answer<v1::TokenRefresh> {
    let verified = gateway.services.auth.verify(&frame.access_token).await?;
    if verified.caller != member.caller {
        return Err(Refusal::new(Code::TokenInvalid, "the token is of another session"));
    }
    gateway.hub.extend(member, verified.expires_at.as_millis());
    Ok(v1::TokenRefresh { expires_at: verified.expires_at })
}

fn heartbeat(gateway: &Gateway, member: &Member) -> v1::Heartbeat {
    v1::Heartbeat { server_time: gateway.services.spine.clock.now(), heads: gateway.hub.heads_moved(member.caller.user_id) }
}

#[cfg(test)]
mod tests {
    use tertulia_protocol::v1::ClientFrame;

    #[test]
    fn every_frame_type_has_a_line() {
        let table = include_str!("dispatch.rs");
        for kind in ClientFrame::TYPES {
            assert!(table.contains(&format!("\"{kind}\" => done(")), "{kind}");
        }
    }
}
