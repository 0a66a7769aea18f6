//! One connection's turn: read, carry out, write, and, when there is a reason to, end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tertulia_services::messages::is_in_line;
use tertulia_services::spine::limits::Key;

use super::Shard;
use super::inbox::FrameWaker;
use super::link::{Brought, Ending, Link, Stage};
use super::vitals::Check;
use super::wheel::seconds;
use crate::dispatch::{self, Request, dispatch};
use crate::ws::close::Close;
use crate::ws::encode;
use crate::ws::envelope;
use crate::ws::frame::{self, Decoder, Incoming};
use crate::ws::hub::{Handle, Member};
use crate::ws::outgoing::Frame;

/// For the last frames to go out, and for the other side to say goodbye.
const FLUSH_WITHIN: u32 = seconds(2);
const GOODBYE_WITHIN: u32 = seconds(1);

impl Shard {
    /// A part of one connection's turn. A fault of ours ends it, and nobody else.
    pub(super) fn attend(&mut self, slot: u32, part: fn(&mut Self, u32)) {
        if catch_unwind(AssertUnwindSafe(|| part(self, slot))).is_err() {
            tracing::error!("a connection's turn panicked");
            self.leave(slot, Some(Close::INTERNAL));
            self.forget(slot);
        }
    }

    /// Reads and carries out.
    pub(super) fn work(&mut self, slot: u32) {
        let Some(connection) = self.board.get_mut(slot) else { return };
        let close = connection.close;
        let Some(link) = &mut connection.link else { return };
        match link.stage {
            Stage::Open => {}
            Stage::Finishing(_) => return self.finish(slot),
            Stage::Goodbye(_) => return self.hear_goodbye(slot),
        }
        if let Some(close) = close
            && link.ending != Some(Ending::Gone)
        {
            link.inbox.clear();
            link.ending = Some(Ending::Close(close));
        }
        self.carry_on(slot);
        self.read(slot);
    }

    /// Writes, and ends it where there is a reason to.
    pub(super) fn send(&mut self, slot: u32) {
        let link = self.board.get_mut(slot).and_then(|connection| connection.link.as_ref());
        if link.is_none_or(|link| link.stage != Stage::Open) {
            return;
        }
        self.write(slot);
        self.read_on(slot);
        self.end_if_done(slot);
    }

    /// Goes on with what is in flight, and with what waits behind it.
    fn carry_on(&mut self, slot: u32) {
        let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) else { return };
        if std::mem::take(&mut link.is_ready) {
            let mut place = 0;
            while self.poll(slot, place).is_some_and(|is_done| {
                place += usize::from(!is_done);
                true
            }) {}
        }
        loop {
            let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) else { return };
            let next = match link.inbox.front() {
                Some(next) if link.takes(next) => link.inbox.pop_front(),
                Some(_) => return,
                None => {
                    // An idle connection holds no queue.
                    link.inbox.shrink_to_fit();
                    if link.in_flight.is_empty() {
                        link.in_flight.shrink_to_fit();
                    }
                    return;
                }
            };
            next.into_iter().for_each(|incoming| self.take(slot, incoming));
        }
    }

    /// Goes on with one of those in flight; whether it is done, none where there is none.
    fn poll(&mut self, slot: u32, place: usize) -> Option<bool> {
        let connection = self.board.get_mut(slot)?;
        let generation = connection.generation;
        let link = connection.link.as_mut()?;
        let work = link.in_flight.get_mut(place)?;
        let waker = Waker::from(Arc::new(FrameWaker { inbox: self.inbox.clone(), slot, generation }));
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))));
        let Ok(Poll::Ready(answer)) = polled else {
            if polled.is_ok() {
                return Some(false);
            }
            tracing::error!("a frame's handler panicked");
            link.in_flight.remove(place);
            link.inbox.clear();
            link.ending = Some(Ending::Close(Close::INTERNAL));
            return Some(true);
        };
        link.in_flight.remove(place);
        answer.into_iter().for_each(|bytes| self.answer(slot, bytes));
        Some(true)
    }

    fn take(&mut self, slot: u32, incoming: Incoming) {
        let (tick, limits, is_echo) = (self.tick, self.gateway.services.spine.settings.limits, self.gateway.config.echo);
        let Some(connection) = self.board.get_mut(slot) else { return };
        let Some(link) = &mut connection.link else { return };
        if link.vitals.is_flood(tick) && limits {
            link.inbox.clear();
            link.ending = Some(Ending::Close(Close::RATE_LIMITED));
            return;
        }
        match incoming {
            Incoming::Text(text) if is_echo => self.answer(slot, frame::encode_text(&text)),
            Incoming::Text(text) => self.start(slot, &text),
            // Only where everything is sent back.
            Incoming::Binary(bytes) => self.answer(slot, frame::encode_binary(&bytes)),
            Incoming::Ping(payload) => self.answer(slot, frame::encode_pong(&payload)),
            Incoming::Pong(payload) => link.proof.answered(&payload),
            Incoming::Close(code) => {
                link.inbox.clear();
                link.ending = Some(Ending::Asked(Close::new(code.unwrap_or(1000), "")));
            }
        }
    }

    fn start(&mut self, slot: u32, text: &str) {
        let Some(connection) = self.board.get_mut(slot) else { return };
        let caller = connection.caller;
        let envelope = match envelope::read(text) {
            Ok(envelope) => envelope,
            Err(fault) => return self.malformed(slot, encode::refusal(fault.id.as_deref(), fault.refusal)),
        };
        metrics::counter!("tertulia_frames_total", "type" => envelope.kind).increment(1);
        if let Err(refusal) = self.gateway.services.spine.limits.take(Key::Request(caller.user_id)) {
            return self.answer(slot, encode::refusal(envelope.id.as_deref(), refusal));
        }
        let member = self.member(caller, slot);
        let request = Request { kind: envelope.kind, id: envelope.id, payload: envelope.payload.to_owned() };
        let gateway = self.gateway.clone();
        let is_long = dispatch::is_long(request.kind);
        let work = dispatch(gateway.clone(), member, request);
        let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) else { return };
        link.in_flight.push_back(if is_long {
            // What takes long is done elsewhere: here others wait for their turn.
            let work = gateway.services.spine.tasks.run(work);
            Box::pin(async move { work.await.ok().flatten() })
        } else {
            Box::pin(work)
        });
        let place = link.in_flight.len() - 1;
        // What an earlier frame left behind is not this one's.
        is_in_line();
        self.poll(slot, place);
        if let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) {
            link.may_overlap = is_in_line();
        }
    }

    fn malformed(&mut self, slot: u32, refusal: Bytes) {
        self.answer(slot, refusal);
        let tick = self.tick;
        let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) else { return };
        if link.vitals.is_bad_client(tick) {
            link.inbox.clear();
            link.ending = Some(Ending::Close(Close::BAD_CLIENT));
        }
    }

    fn member(&self, caller: tertulia_services::Caller, slot: u32) -> Member {
        Member { caller, handle: Handle { shard: self.number, slot } }
    }

    fn answer(&mut self, slot: u32, bytes: Bytes) {
        self.board.answer(slot, Frame::durable(bytes), self.now);
    }

    fn read(&mut self, slot: u32) {
        let is_echo = self.gateway.config.echo;
        let Some(connection) = self.board.get_mut(slot) else { return };
        // What is sent back has no bound of its own.
        let waits = is_echo && connection.has_waiting();
        let Some(link) = &mut connection.link else { return };
        if waits || !link.reads() {
            return;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let brought = link.read(&mut scratch);
        match brought {
            Brought::Bytes(read) => {
                if link.is_readable {
                    self.board.make_due(slot, true);
                }
                self.heard(slot);
                self.decode(slot, scratch.get(..read).unwrap_or_default());
            }
            Brought::Nothing => {}
            Brought::Gone => link.ending = Some(Ending::Gone),
        }
        self.scratch = scratch;
        self.carry_on(slot);
    }

    /// What could not be read while the echo of what was read before waited.
    fn read_on(&mut self, slot: u32) {
        let Some(connection) = self.board.get_mut(slot) else { return };
        let waits = connection.has_waiting();
        if !waits && connection.link.as_ref().is_some_and(Link::reads) {
            self.board.make_due(slot, true);
        }
    }

    fn heard(&mut self, slot: u32) {
        let tick = self.tick;
        let Some(connection) = self.board.get_mut(slot) else { return };
        let user = connection.caller.user_id;
        if connection.link.as_mut().is_some_and(|link| link.vitals.heard(tick)) {
            self.gateway.services.presence.connected(user);
        }
    }

    /// Adds what `bytes` complete to what waits to be carried out.
    pub(super) fn decode(&mut self, slot: u32, bytes: &[u8]) {
        let fresh = Decoder::new(self.rules);
        let Some(connection) = self.board.get_mut(slot) else { return };
        let deflate = connection.deflates;
        let Some(link) = &mut connection.link else { return };
        let mut complete = Vec::new();
        let decoder = link.decoder.as_deref_mut().unwrap_or(&mut self.decoder);
        decoder.rules.deflate = deflate;
        let decoded = decoder.push(bytes, &mut complete);
        let is_inside = decoder.is_inside() && decoded.is_ok();
        link.inbox.extend(complete);
        match (&link.decoder, is_inside) {
            (None, true) => link.decoder = Some(Box::new(std::mem::replace(&mut self.decoder, fresh))),
            (None, false) if self.decoder.is_used_up() || decoded.is_err() => self.decoder = fresh,
            (Some(_), false) => link.decoder = None,
            _ => {}
        }
        if let Err(violation) = decoded {
            link.ending = Some(Ending::Close(Close::new(violation.code(), violation.reason())));
        }
    }

    /// Writes what waits, and asks now and then whether it came.
    fn write(&mut self, slot: u32) {
        let tick = self.tick;
        let Some(connection) = self.board.get_mut(slot) else { return };
        let owes_proof = connection.is_unproven && connection.has_waiting();
        if owes_proof && connection.link.as_ref().is_some_and(|link| link.vitals.may_prove(tick)) {
            self.prove(slot);
        }
        self.flush(slot);
    }

    fn flush(&mut self, slot: u32) {
        let tick = self.tick;
        let Some(connection) = self.board.get_mut(slot) else { return };
        let (Some(outbox), Some(link)) = connection.parts() else { return };
        if !link.write(outbox, tick) {
            link.ending = Some(Ending::Gone);
            outbox.clear();
            link.inbox.clear();
        }
        self.board.give_back(slot);
    }

    /// A ping behind everything that was handed on until now: its pong proves that it came.
    pub(super) fn prove(&mut self, slot: u32) {
        let (tick, told_at) = (self.tick, self.board.told_at);
        let Some(connection) = self.board.get_mut(slot) else { return };
        let Some(link) = &mut connection.link else { return };
        link.vitals.pinged(tick);
        let ping = link.proof.ask(told_at);
        connection.is_unproven = false;
        connection.push_last(Frame::durable(frame::encode_ping(&ping)));
    }

    /// Looks at everything that time brings, and has the wheel bring it up again.
    pub(super) fn check(&mut self, slot: u32) {
        let now_ms = self.gateway.services.spine.clock.now().as_millis();
        let tick = self.tick;
        loop {
            let Some(connection) = self.board.get_mut(slot) else { return };
            let user = connection.caller.user_id;
            let is_unproven = connection.is_unproven;
            let Some(link) = &mut connection.link else { return };
            match link.vitals.check(tick, now_ms, is_unproven) {
                Some(Check::Close(close)) => return self.board.close(slot, close),
                Some(Check::Silent) => self.gateway.services.presence.disconnected(user),
                Some(Check::Ping) => {
                    self.prove(slot);
                    self.board.make_due(slot, true);
                }
                Some(Check::Refresh(bytes)) => self.board.tell(slot, Frame::durable(bytes), self.now),
                None => {
                    let due = link.vitals.due;
                    return self.wheel.set(slot, due);
                }
            }
        }
    }

    fn end_if_done(&mut self, slot: u32) {
        let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) else { return };
        let Some(ending) = link.ending else { return };
        // A frame that is being carried out is never broken off.
        if !link.in_flight.is_empty() || !link.inbox.is_empty() {
            return;
        }
        let close = match ending {
            Ending::Gone => None,
            Ending::Close(close) | Ending::Asked(close) => Some(close),
        };
        link.stage = Stage::Finishing(self.tick + FLUSH_WITHIN);
        self.leave(slot, close);
        let Some(close) = close else { return self.forget(slot) };
        let Some(connection) = self.board.get_mut(slot) else { return };
        connection.push_last(Frame::durable(frame::encode_close(close.code, close.reason)));
        self.wheel.set(slot, self.tick + FLUSH_WITHIN);
        self.finish(slot);
    }

    /// The connection is nobody's any more: it gets nothing, and its user has one less.
    fn leave(&mut self, slot: u32, close: Option<Close>) {
        let told_at = self.board.told_at;
        let focus = self.board.unlisten_all(slot);
        let Some(connection) = self.board.get_mut(slot) else { return };
        let (caller, id) = (connection.caller, connection.id);
        connection.close.get_or_insert(close.unwrap_or(Close::NORMAL));
        let is_unproven = connection.is_unproven;
        let Some(link) = &mut connection.link else { return };
        let confirmed = link.proof.until(is_unproven, told_at);
        let (code, is_resumable) = (close.map_or(1006, |close| close.code), close.is_none_or(Close::is_resumable));
        let was_there = !link.vitals.is_silent;
        self.gateway.hub.leave(self.member(caller, slot), id, focus, confirmed.filter(|_| is_resumable));
        if was_there {
            self.gateway.services.presence.disconnected(caller.user_id);
        }
        metrics::counter!("tertulia_closes_total", "code" => code.to_string()).increment(1);
        tracing::info!(connection_id = %id, user_id = %caller.user_id, code, "disconnected");
    }

    /// Writes what is left and the goodbye.
    fn finish(&mut self, slot: u32) {
        self.flush(slot);
        let Some(connection) = self.board.get_mut(slot) else { return };
        let is_out = !connection.has_waiting();
        let Some(link) = &mut connection.link else { return };
        match link.ending {
            Some(Ending::Gone) => self.forget(slot),
            _ if !is_out => {}
            ending => {
                if matches!(ending, Some(Ending::Asked(_))) {
                    link.shut_down();
                }
                // Closing with bytes unread resets the connection, and the client would not read why it was closed.
                link.stage = Stage::Goodbye(self.tick + GOODBYE_WITHIN);
                self.wheel.set(slot, self.tick + GOODBYE_WITHIN);
                self.hear_goodbye(slot);
            }
        }
    }

    /// Reads away what still comes, until the other end closes or has answered.
    fn hear_goodbye(&mut self, slot: u32) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut is_over = true;
        if let Some(link) = self.board.get_mut(slot).and_then(|connection| connection.link.as_mut()) {
            is_over = loop {
                match link.read(&mut scratch) {
                    Brought::Bytes(read) if is_close(scratch.get(..read)) => break true,
                    Brought::Bytes(_) if link.is_readable => {}
                    Brought::Bytes(_) | Brought::Nothing => break false,
                    Brought::Gone => break true,
                }
            };
        }
        self.scratch = scratch;
        if is_over {
            self.forget(slot);
        }
    }

    /// The socket closes, and the slot is free for another.
    pub(super) fn forget(&mut self, slot: u32) {
        let Some(mut connection) = self.board.remove(slot) else { return };
        if let Some(link) = &mut connection.link {
            // A socket that closes is deregistered in any case.
            drop(self.poll.registry().deregister(&mut link.stream));
        } else {
            let member = self.member(connection.caller, slot);
            self.gateway.hub.leave(member, connection.id, None, None);
        }
        drop(connection);
        self.gateway.hub.release(Handle { shard: self.number, slot });
    }
}

/// Whether what came begins with a close frame: a client that answers ours has nothing more to say.
fn is_close(bytes: Option<&[u8]>) -> bool {
    bytes.and_then(<[u8]>::first).is_some_and(|first| *first == 0x88)
}
