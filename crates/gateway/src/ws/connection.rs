//! One WebSocket: a task that reads frames one at a time, lets them be carried out, and writes what waits.
//! While it is idle it holds no buffer.

mod socket;
mod vitals;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use tertulia_domain::ids::ConnectionId;
use tertulia_protocol::v1::{Connected, Limits, ServerFrame};
use tertulia_protocol::{FRAME_BYTES_MAX, SUBPROTOCOL};
use tertulia_services::auth::Verified;
use tertulia_services::presence::SUBSCRIPTIONS_MAX;
use tertulia_services::spine::limits::Key;
use tertulia_services::sync;
use tokio::net::TcpStream;
use uuid::Uuid;

use self::socket::Socket;
use self::vitals::{PING_EVERY, Vitals};
use super::close::Close;
use super::encode;
use super::envelope;
use super::frame::{self, Incoming};
use super::handshake::Place;
use super::hub::{Connection, Member};
use super::send_queue::Class;
use crate::dispatch::{Frame, dispatch};
use crate::gateway::Gateway;

/// What the handshake settled.
pub struct Opened {
    pub gateway: Gateway,
    pub verified: Verified,
    /// The client offered a protocol that is spoken here, or none.
    pub speaks: bool,
    /// Given back when the connection ends.
    pub place: Option<Place>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// We say why.
    Close(Close),
    /// The other side is gone.
    Gone,
}

type InFlight = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

struct Session {
    gateway: Gateway,
    member: Member,
    socket: Socket,
    vitals: Vitals,
    inbox: VecDeque<Incoming>,
    in_flight: Option<InFlight>,
    /// Decided by what was read; what was read before it is still carried out.
    ending: Option<Ending>,
}

/// Serves a connection until it ends. `early`: bytes that came with the handshake.
pub async fn run(stream: TcpStream, early: Vec<u8>, opened: Opened) {
    let Opened { gateway, verified, speaks, place: _place } = opened;
    let socket = Socket::new(stream);
    if !speaks {
        return socket.finish(Some(Close::UPGRADE_REQUIRED)).await;
    }
    let id = ConnectionId(Uuid::now_v7());
    let connection = Arc::new(Connection::new(id, verified.caller, verified.expires_at.as_millis()));
    let member = Member { caller: verified.caller, connection };
    member.connection.queue.push(greeting(&gateway, &member), Class::Durable);
    if let Err(refusal) = gateway.hub.join(&member.connection).await {
        tracing::warn!(connection_id = %id, code = %refusal.code, "cannot read what a connection listens to");
        gateway.hub.leave(&member.connection);
        return socket.finish(Some(Close::INTERNAL)).await;
    }
    gateway.services.presence.connected(verified.caller.user_id);
    tracing::info!(connection_id = %id, user_id = %verified.caller.user_id, "connected");
    let mut session = Session { vitals: Vitals::new(), inbox: VecDeque::new(), in_flight: None, ending: None, socket, gateway, member };
    session.took(&early);
    let close = session.serve().await;
    session.end(close).await;
}

fn greeting(gateway: &Gateway, member: &Member) -> Bytes {
    let settings = &gateway.services.spine.settings;
    encode::server_frame(&ServerFrame::Connected(Connected {
        connection_id: member.connection.id,
        user_id: member.caller.user_id,
        protocol: SUBPROTOCOL.into(),
        server_time: gateway.services.spine.clock.now(),
        heartbeat_interval_ms: u64::try_from(PING_EVERY.as_millis()).unwrap_or(u64::MAX),
        // Nothing is kept for it yet, so every reconnection answers `resumed: false` and the client syncs.
        resume_token: Uuid::new_v4().simple().to_string(),
        resumed: false,
        limits: Limits {
            frame_bytes: FRAME_BYTES_MAX as u64,
            text_chars: settings.content.text_chars_max as u64,
            sync_conversations: sync::CONVERSATIONS_MAX as u64,
            sync_events: u64::from(sync::EVENTS_MAX),
            presence_subscriptions: SUBSCRIPTIONS_MAX as u64,
        },
    }))
}

impl Session {
    /// Reads, carries out and writes, until there is a reason to stop; answers what to tell the client.
    async fn serve(&mut self) -> Option<Close> {
        loop {
            self.start_next();
            if self.in_flight.is_none() && self.inbox.is_empty() {
                match self.ending {
                    Some(Ending::Close(close)) => return Some(close),
                    Some(Ending::Gone) => return None,
                    None => {}
                }
            }
            if self.socket.is_flushed()
                && let Some(close) = self.socket.fill(&self.member.connection.queue)
            {
                return Some(close);
            }
            if self.socket.write().is_err() {
                self.ending = Some(Ending::Gone);
            }
            let (reads, writes) = (self.reads(), !self.socket.is_flushed() && !matches!(self.ending, Some(Ending::Gone)));
            tokio::select! {
                answer = carried_out(&mut self.in_flight) => self.answered(answer),
                () = self.member.connection.queue.changed(), if !writes => {}
                _ = self.socket.writable(), if writes => {}
                _ = self.socket.readable(), if reads => self.read(),
                () = self.vitals.due() => if let Some(close) = self.vitals.check(&self.gateway, &self.member, &self.socket) {
                    return Some(close);
                },
            }
        }
    }

    fn reads(&self) -> bool {
        self.in_flight.is_none() && self.inbox.is_empty() && self.ending.is_none()
    }

    fn read(&mut self) {
        match self.socket.read(&mut self.inbox) {
            Ok(false) => {}
            Ok(true) => self.vitals.heard(&self.gateway, self.member.caller.user_id),
            Err(ending) => self.ending = Some(ending),
        }
    }

    /// Bytes that came with the handshake.
    fn took(&mut self, early: &[u8]) {
        if let Err(ending) = self.socket.decode(early, &mut self.inbox) {
            self.ending = Some(ending);
        }
    }

    /// Takes from the inbox until something has to be waited for: one frame at a time.
    fn start_next(&mut self) {
        while self.in_flight.is_none()
            && let Some(incoming) = self.inbox.pop_front()
        {
            let queue = &self.member.connection.queue;
            if self.vitals.is_flood() && self.gateway.services.spine.settings.limits {
                self.inbox.clear();
                self.ending = Some(Ending::Close(Close::RATE_LIMITED));
                return;
            }
            match incoming {
                Incoming::Text(text) => self.start(&text),
                Incoming::Ping(payload) => queue.push(frame::encode_pong(&payload), Class::Durable),
                Incoming::Pong => {}
                Incoming::Close(code) => {
                    self.inbox.clear();
                    self.ending = Some(Ending::Close(Close::new(code.unwrap_or(1000), "")));
                }
            }
        }
    }

    fn start(&mut self, text: &str) {
        let queue = &self.member.connection.queue;
        let envelope = match envelope::read(text) {
            Ok(envelope) => envelope,
            Err(fault) => {
                queue.push(encode::refusal(fault.id.as_deref(), fault.refusal), Class::Durable);
                if self.vitals.is_bad_client() {
                    self.inbox.clear();
                    self.ending = Some(Ending::Close(Close::BAD_CLIENT));
                }
                return;
            }
        };
        metrics::counter!("tertulia_frames_total", "type" => envelope.kind).increment(1);
        if let Err(refusal) = self.gateway.services.spine.limits.take(Key::Request(self.member.caller.user_id)) {
            return queue.push(encode::refusal(envelope.id.as_deref(), refusal), Class::Durable);
        }
        let frame = Frame { kind: envelope.kind, id: envelope.id, payload: envelope.payload.to_owned() };
        self.in_flight = Some(Box::pin(dispatch(self.gateway.clone(), self.member.clone(), frame)));
    }

    fn answered(&mut self, answer: Option<Bytes>) {
        self.in_flight = None;
        if let Some(frame) = answer {
            self.member.connection.queue.push(frame, Class::Durable);
        }
    }

    /// A frame that is being carried out is never broken off.
    async fn end(mut self, close: Option<Close>) {
        if let Some(in_flight) = self.in_flight.take() {
            self.answered(in_flight.await);
        }
        let (id, user_id) = (self.member.connection.id, self.member.caller.user_id);
        self.gateway.hub.leave(&self.member.connection);
        self.vitals.end(&self.gateway, user_id);
        self.socket.fill(&self.member.connection.queue);
        let code = close.map_or(1006, |close| close.code);
        metrics::counter!("tertulia_closes_total", "code" => code.to_string()).increment(1);
        tracing::info!(connection_id = %id, %user_id, code, "disconnected");
        self.socket.finish(close).await;
    }
}

/// Never, where nothing is in flight.
async fn carried_out(in_flight: &mut Option<InFlight>) -> Option<Bytes> {
    match in_flight {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}
