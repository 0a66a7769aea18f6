use tertulia_protocol::v1;
use tertulia_services::Caller;
use tertulia_services::sync::{Missed, Position};

use super::Answer;
use crate::gateway::Gateway;
use crate::rest::call::Call;

pub async fn sync(gateway: Gateway, caller: Caller, frame: v1::SyncRequest) -> Answer<v1::SyncAnswer> {
    let positions = frame.conversations.into_iter().map(position).collect();
    let caught_up = gateway.services.sync.sync(caller, positions, frame.limit).await?;
    let known = caught_up.conversations.iter().map(|missed| missed.conversation_id);
    gateway.hub.synced(caller.user_id, known.chain(caught_up.added.iter().map(|view| view.conversation.id)));
    Ok(v1::SyncAnswer {
        conversations: caught_up.conversations.into_iter().map(missed).collect(),
        added: caught_up.added,
        removed: caught_up.removed,
        server_time: caught_up.server_time,
    })
}

pub async fn sync_rest(gateway: Gateway, caller: Caller, call: Call<v1::SyncRequest>) -> Answer<v1::SyncAnswer> {
    sync(gateway, caller, call.body).await
}

fn position(position: v1::SyncPosition) -> Position {
    let v1::SyncPosition { conversation_id, last_seq, epoch } = position;
    Position { conversation_id, last_seq, epoch }
}

fn missed(missed: Missed) -> v1::SyncConversation {
    let Missed { conversation_id, events, last_seq, head, epoch, has_more, too_large, messages, read_seq, unread, receipts } = missed;
    v1::SyncConversation { conversation_id, events, last_seq, head, epoch, has_more, too_large, messages, read_seq, unread, receipts }
}
