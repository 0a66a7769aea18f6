//! Going on where a connection ended: what it had surely received is kept for ten minutes, and what came after is
//! read from the log.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::ids::{ConnectionId, ConversationId, Seq, UserId};
use tertulia_ports::Handover;
use tertulia_protocol::v1::{ConversationActivity, ConversationRemoved, ServerFrame};
use tertulia_services::Caller;

use super::core::Core;
use super::room::Room;
use super::{Command, Handle, Hub, Member, RoomNo};
use crate::ws::close::Close;
use crate::ws::encode;
use crate::ws::outgoing::{Class, Frame};

const KEPT_FOR: Duration = Duration::from_secs(600);
const PARKED_MAX: usize = 100_000;
/// Events read again for one connection; who missed more syncs.
const REPLAYED_MAX: u64 = 1_000;
/// For a socket that the other end has left to be noticed as dead, once told.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(1);

/// Where a connection was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    user_id: UserId,
    session_id: tertulia_domain::SessionId,
    focus: Option<ConversationId>,
    positions: Vec<(ConversationId, Seq)>,
    watching: Vec<UserId>,
}

impl Parked {
    /// Whether an event lets the user in: a sync may have told the connection that they were out, so it syncs again.
    pub fn comes_in_by(&self, event: &Event) -> bool {
        matches!(&event.body, EventBody::MemberJoined(joined) if joined.member.user_id == self.user_id)
    }
}

#[derive(Debug, Default)]
pub(super) struct Parking {
    parked: HashMap<ConnectionId, (Instant, Parked)>,
}

/// What a connection missed.
#[derive(Debug, Default)]
pub struct Plan {
    /// What can be told at once: conversations lost, hints of large ones.
    pub frames: Vec<Frame>,
    pub missed: Vec<Missed>,
    /// Conversations that it does not know.
    pub gained: Vec<ConversationId>,
}

/// Events to be read again: after `after`, up to `head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub id: ConversationId,
    pub room: RoomNo,
    pub after: Seq,
    pub head: Seq,
}

/// What a connection gets that goes on.
pub struct Resumed {
    /// What it missed, in order.
    pub frames: Vec<Frame>,
    /// How far that goes: what waits for it already need not come again.
    pub replayed: HashMap<RoomNo, Seq>,
}

impl Core {
    /// Where a connection was at `confirmed`, by the hub's time; none where that is not known for certain, as while it is
    /// owed the news of a conversation.
    pub fn park(&self, caller: Caller, handle: Handle, focus: Option<RoomNo>, confirmed: Instant) -> Option<Parked> {
        let listener = self.users.get(&caller.user_id)?;
        if !listener.loaded || !listener.owed.is_empty() || listener.changed_at.is_some_and(|at| at >= confirmed) {
            return None;
        }
        let positions = listener.rooms.iter().map(|no| {
            let room = self.rooms.get(*no as usize)?;
            Some((room.id, room.position(confirmed)?))
        });
        Some(Parked {
            user_id: caller.user_id,
            session_id: caller.session_id,
            focus: focus.and_then(|no| self.rooms.get(no as usize)).map(|room| room.id),
            positions: positions.collect::<Option<_>>()?,
            watching: self.watches.users(handle),
        })
    }

    pub fn is_loaded(&self, user: UserId) -> bool {
        self.users.get(&user).is_some_and(|listener| listener.loaded)
    }

    /// What a connection has to get that goes on from where another was, up to what has been handed on by now: what comes
    /// after, it hears itself. None where it had better sync.
    pub fn plan_replay(&self, parked: &Parked) -> Option<Plan> {
        let listener = self.users.get(&parked.user_id)?;
        let mut listened: BTreeMap<ConversationId, (RoomNo, &Room)> = BTreeMap::new();
        for no in &listener.rooms {
            let room = self.rooms.get(*no as usize)?;
            listened.insert(room.id, (*no, room));
        }
        let (mut plan, mut left) = (Plan::default(), REPLAYED_MAX);
        for (id, position) in &parked.positions {
            let Some((no, room)) = listened.remove(id) else {
                plan.frames.push(removed(*id));
                continue;
            };
            let head = room.last();
            // A log that went back was restored from a backup.
            let missed = head.checked_sub(*position)?;
            if missed > 0 && !Self::is_small(room) && parked.focus != Some(*id) {
                plan.frames.push(activity(*id, head, missed));
            } else if missed > 0 {
                left = left.checked_sub(missed)?;
                plan.missed.push(Missed { id: *id, room: no, after: *position, head });
            }
        }
        plan.gained = listened.into_keys().collect();
        Some(plan)
    }
}

impl Hub {
    /// A connection ends. `confirmed`: what was handed on before then it has received; none where it may not go on.
    pub fn leave(&self, member: Member, id: ConnectionId, focus: Option<RoomNo>, confirmed: Option<Instant>) {
        metrics::gauge!("tertulia_connections").decrement(1.0);
        let parked = self.with(|core, _| {
            let parked = confirmed.and_then(|confirmed| core.park(member.caller, member.handle, focus, confirmed));
            core.leave(member.caller.user_id, member.handle);
            parked
        });
        if let Some(parked) = parked {
            let mut parking = self.0.parking.lock();
            if parking.parked.len() >= PARKED_MAX {
                parking.parked.clear();
            }
            parking.parked.insert(id, (Instant::now(), parked));
        }
    }

    pub(super) fn forget_parked(&self) {
        let mut parking = self.0.parking.lock();
        parking.parked.retain(|_, (at, _)| at.elapsed() < KEPT_FOR);
        parking.parked.shrink_to_fit();
    }

    /// For the process that comes after this one.
    pub(super) async fn keep_parked(&self) {
        let parked = std::mem::take(&mut self.0.parking.lock().parked);
        let expires_at = self.0.services.spine.clock.now().plus_millis(i64::try_from(KEPT_FOR.as_millis()).unwrap_or_default());
        let kept = parked
            .into_iter()
            .filter_map(|(id, (_, parked))| Some(Handover { id: id.0, state: serde_json::to_vec(&parked).ok()?, expires_at }));
        if let Err(refusal) = self.0.services.delivery.keep_resumes(kept.collect()).await {
            tracing::warn!(code = %refusal.code, "connections cannot go on where they were; they will sync");
        }
    }

    /// Takes up what a connection of the same session left, and gives it to the new one. None: the client has to sync.
    pub async fn resume(&self, member: Member, token: &str) -> Option<Resumed> {
        let old = self.0.services.auth.read_resume_token(member.caller, token)?;
        let parked = self.parked(member.caller, old).await?;
        if (parked.user_id, parked.session_id) != (member.caller.user_id, member.caller.session_id) {
            return None;
        }
        // First, so that nothing in between comes as a hint only. A client that has to sync does not mind.
        self.with(|core, now| {
            core.focus(member.caller.user_id, member.handle, parked.focus);
            // At most as many as it had.
            drop(core.watch(member.handle, &parked.watching, now));
        });
        self.replay(member, &parked).await
    }

    /// What is parked under an id, be it here, still connected, or left by the process before.
    async fn parked(&self, caller: Caller, id: ConnectionId) -> Option<Parked> {
        let live = self.0.core.lock().find(caller.user_id, id);
        if let Some(old) = live {
            self.tell(old.shard, Command::Close { slot: old.slot, close: Close::RESUMED });
            let deadline = Instant::now() + HANDED_OVER_WITHIN;
            while Instant::now() < deadline && self.0.core.lock().find(caller.user_id, id).is_some() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let here = self.0.parking.lock().parked.remove(&id);
        match here {
            Some((at, parked)) => (at.elapsed() < KEPT_FOR).then_some(parked),
            None => serde_json::from_slice(&self.0.services.delivery.take_resume(id).await.ok()??).ok(),
        }
    }

    async fn replay(&self, member: Member, parked: &Parked) -> Option<Resumed> {
        let user = member.caller.user_id;
        let plan = self.0.core.lock().plan_replay(parked)?;
        let mut resumed = Resumed { frames: plan.frames, replayed: HashMap::new() };
        for Missed { id, room, after, head } in plan.missed {
            self.read(parked, Missed { id, room, after, head }, &mut resumed.frames).await?;
            resumed.replayed.insert(room, head);
        }
        for id in plan.gained {
            resumed.frames.push(self.added_frame(user, id).await?);
        }
        Some(resumed)
    }

    /// Events after `last`, up to `head`.
    async fn read(&self, parked: &Parked, missed: Missed, frames: &mut Vec<Frame>) -> Option<()> {
        let Missed { id, room: no, after: mut last, head } = missed;
        while last < head {
            let tail = self.0.services.delivery.repair(id, last).await.ok()?;
            last = tail.events.last()?.seq;
            if tail.events.iter().any(|event| parked.comes_in_by(event)) {
                return None;
            }
            let wanted = tail.events.iter().filter(|event| event.seq <= head);
            frames.extend(wanted.map(|event| Frame::event(encode::event(event), no, event.seq)));
        }
        Some(())
    }
}

fn removed(conversation_id: ConversationId) -> Frame {
    Frame::durable(encode::server_frame(&ServerFrame::ConversationRemoved(ConversationRemoved { conversation_id })))
}

fn activity(conversation_id: ConversationId, last_seq: Seq, new_messages: u64) -> Frame {
    let activity = ServerFrame::ConversationActivity(ConversationActivity { conversation_id, last_seq, new_messages });
    Frame::ephemeral(encode::server_frame(&activity), Class::Hint, 0)
}
