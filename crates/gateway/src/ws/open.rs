//! From a handshake to a connection on a shard: it joins the hub before anything is read from it.

use bytes::Bytes;
use tertulia_domain::ids::ConnectionId;
use tertulia_protocol::v1::{Connected, Limits, ServerFrame};
use tertulia_protocol::{FRAME_BYTES_MAX, SUBPROTOCOL};
use tertulia_services::auth::Verified;
use tertulia_services::presence::SUBSCRIPTIONS_MAX;
use tertulia_services::{Caller, sync};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::close::Close;
use super::command::Command;
use super::handshake::Place;
use super::hub::Member;
use super::outgoing::Frame;
use super::shard::{Adopted, HEARTBEAT_EVERY};
use super::{encode, frame};
use crate::gateway::Gateway;

/// For who is not let in to read why.
const GOODBYE_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

/// What the handshake settled.
pub struct Opened {
    pub gateway: Gateway,
    pub verified: Verified,
    /// The client offered a protocol that is spoken here, or none.
    pub speaks: bool,
    /// Given back when the connection ends.
    pub place: Option<Place>,
    /// Of the connection that it goes on from.
    pub resume: Option<String>,
    /// permessage-deflate was agreed on.
    pub deflates: bool,
}

/// Hands a connection over to its shard. `early`: bytes that came with the handshake.
pub async fn open(stream: TcpStream, early: Vec<u8>, opened: Opened) {
    let Opened { gateway, verified, speaks, place, resume, deflates } = opened;
    if !speaks {
        return turn_away(stream, Close::UPGRADE_REQUIRED).await;
    }
    let (caller, id) = (verified.caller, ConnectionId(Uuid::now_v7()));
    let (handle, joined) = gateway.hub.join(caller, id).await;
    let member = Member { caller, handle };
    let slot = handle.slot;
    if let Err(refusal) = &joined {
        tracing::warn!(connection_id = %id, code = %refusal.code, "cannot read what a connection listens to");
        gateway.hub.tell(handle.shard, Command::Close { slot, close: Close::INTERNAL });
    }
    let resumed = match resume {
        Some(token) if joined.is_ok() => gateway.hub.resume(member, &token).await,
        _ => None,
    };
    let stream = match stream.into_std() {
        Ok(stream) => mio::net::TcpStream::from_std(stream),
        Err(error) => {
            tracing::warn!(%error, "a socket cannot be handed over");
            return gateway.hub.tell(handle.shard, Command::Abandon { slot });
        }
    };
    gateway.services.presence.connected(caller.user_id);
    metrics::counter!("tertulia_connects_total", "resumed" => if resumed.is_some() { "yes" } else { "no" }).increment(1);
    tracing::info!(connection_id = %id, user_id = %caller.user_id, resumed = resumed.is_some(), "connected");
    let mut first = Vec::new();
    if !gateway.config.echo {
        first.push(Frame::durable(greeting(&gateway, caller, id, resumed.is_some())));
        first.extend(gateway.hub.health_frame());
    }
    let resumed = resumed.map(|resumed| {
        first.extend(resumed.frames);
        resumed.replayed
    });
    let expires_at_ms = verified.expires_at.as_millis();
    gateway
        .hub
        .tell(handle.shard, Command::Adopt(Box::new(Adopted { slot, stream, early, first, resumed, expires_at_ms, place, deflates })));
}

fn greeting(gateway: &Gateway, caller: Caller, id: ConnectionId, resumed: bool) -> Bytes {
    let settings = &gateway.services.spine.settings;
    encode::server_frame(&ServerFrame::Connected(Connected {
        connection_id: id,
        user_id: caller.user_id,
        protocol: SUBPROTOCOL.into(),
        server_time: gateway.services.spine.clock.now(),
        heartbeat_interval_ms: u64::try_from(HEARTBEAT_EVERY.as_millis()).unwrap_or(u64::MAX),
        resume_token: gateway.services.auth.resume_token(caller, id),
        resumed,
        limits: Limits {
            frame_bytes: FRAME_BYTES_MAX as u64,
            text_chars: settings.content.text_chars_max as u64,
            sync_conversations: sync::CONVERSATIONS_MAX as u64,
            sync_events: u64::from(sync::EVENTS_MAX),
            presence_subscriptions: SUBSCRIPTIONS_MAX as u64,
        },
    }))
}

/// Says why and closes, without a place in the hub.
async fn turn_away(mut stream: TcpStream, close: Close) {
    let told = async {
        stream.write_all(&frame::encode_close(close.code, close.reason)).await?;
        let mut rest = [0; 512];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Who does not listen is closed all the same.
    drop(tokio::time::timeout(GOODBYE_WITHIN, told).await);
}
