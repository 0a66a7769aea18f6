use tertulia_domain::error::Refusal;
use tertulia_domain::presence::Chosen;
use tertulia_protocol::v1;
use tertulia_services::Caller;
use tertulia_services::presence::SUBSCRIPTIONS_MAX;

use super::Answer;
use crate::gateway::Gateway;
use crate::ws::hub::Member;

pub async fn update(gateway: Gateway, caller: Caller, frame: v1::PresenceUpdate) -> Answer<v1::Empty> {
    let v1::PresenceUpdate { status, text, emoji, until } = frame;
    gateway.services.presence.update(caller, Chosen { status, text, emoji, until })?;
    Ok(v1::Empty {})
}

/// Listens before it looks, so that no change falls between. Whom the caller may not know of is left out.
pub async fn subscribe(gateway: Gateway, member: Member, frame: v1::UserIds) -> Answer<v1::PresenceSnapshot> {
    if frame.user_ids.len() > SUBSCRIPTIONS_MAX {
        return Err(Refusal::limit(SUBSCRIPTIONS_MAX as u64, "too many presence subscriptions"));
    }
    let visible = gateway.services.presence.snapshot(member.caller, &frame.user_ids).await?;
    let users: Vec<_> = visible.iter().map(|presence| presence.user_id).collect();
    gateway.hub.watch(member, &users)?;
    let items = gateway.services.presence.snapshot(member.caller, &users).await?;
    Ok(v1::PresenceBulk { items })
}

pub async fn unsubscribe(gateway: Gateway, member: Member, frame: v1::UserIds) -> Answer<v1::Empty> {
    gateway.hub.unwatch(member, &frame.user_ids);
    Ok(v1::Empty {})
}

pub async fn start_typing(gateway: Gateway, caller: Caller, typing: v1::Typing) -> Answer<v1::Empty> {
    gateway.services.typing.start_typing(caller, typing.conversation_id, typing.thread_root).await?;
    Ok(v1::Empty {})
}

pub async fn stop_typing(gateway: Gateway, caller: Caller, typing: v1::Typing) -> Answer<v1::Empty> {
    gateway.services.typing.stop_typing(caller, typing.conversation_id, typing.thread_root).await?;
    Ok(v1::Empty {})
}
