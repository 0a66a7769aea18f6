//! What plans found, each as the few steps that it takes.

use std::time::{Duration, Instant};

use serde_json::json;
use tertulia_domain::ids::ConnectionId;
use tertulia_domain::{ConversationId, Timestamp, UserId};
use tertulia_gateway::ws::close::Close;
use tertulia_gateway::ws::frame;
use tertulia_gateway::ws::hub::Handle;
use tertulia_gateway::ws::hub::core::{Effect, Ways};
use tertulia_ports::{ReceiptKind, Signal};

use crate::client::{Client, Logs, State};
use crate::log::{Log, id};
use crate::server::{Server, added, caller, connected};

struct Scene {
    server: Server,
    logs: Logs,
    now: Instant,
}

fn user(number: usize) -> UserId {
    id(1, number)
}

fn conversation(number: usize) -> ConversationId {
    id(2, number)
}

impl Scene {
    /// Conversations with so many members each, user 0 among them.
    fn new(sizes: &[usize]) -> Self {
        let log = |(number, size): (usize, &usize)| Log::new(conversation(number), &(0..*size).map(user).collect::<Vec<_>>());
        let logs = sizes.iter().enumerate().map(log).map(|log| (log.id, log)).collect();
        let now = Instant::now();
        let ways = Ways { shards: 1, connections_per_user: 3, summary_messages: None };
        Self { server: Server::new(ways, 1_000_000, now), logs, now }
    }

    fn log(&mut self, number: usize) -> &mut Log {
        self.logs.get_mut(&conversation(number)).expect("a log")
    }

    /// User 0 gets in and has synced.
    fn connect(&mut self, number: usize) -> Handle {
        let (me, now, connection) = (user(0), self.now, id(4, number));
        let heads: Vec<_> = self.logs.values().filter(|log| log.members.contains_key(&me)).map(Log::as_head).collect();
        let handle = self.server.with(|core| core.join(caller(me), connection));
        self.server.with(|core| core.loading(me, now));
        self.server.with(|core| core.loaded(me, &heads, false, now));
        self.run();
        self.server.adopt(handle, 0, vec![connected(false)], None, now);
        self.run();
        handle
    }

    fn run(&mut self) {
        while self.server.take_command(0, self.now) {}
    }

    fn write(&mut self, number: usize) {
        let event = self.log(number).write(user(1));
        self.hear(Signal::Event(event));
    }

    fn hear(&mut self, signal: Signal) {
        self.now += Duration::from_millis(100);
        let now = self.now;
        self.server.with(|core| core.signal(&signal, now));
        self.run();
    }

    /// Something that is in no log, and shows that time goes on.
    fn receipt(&mut self, number: usize) {
        let (kind, at) = (ReceiptKind::Read, Timestamp::EPOCH);
        self.hear(Signal::Receipt { conversation_id: conversation(number), user_id: user(1), kind, seq: 1, at });
    }

    /// The connection before ends; what one gets that goes on from there.
    fn resume(&mut self, number: usize) -> String {
        let parked = self.server.parked.remove(&id::<ConnectionId>(4, number)).expect("parked");
        self.connect(number + 1);
        let (frames, _) = self.server.replay(&parked, &self.logs).expect("a replay");
        frames.iter().map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned()).collect()
    }
}

/// Hint: `Gained` comes while the user still listens and is ignored; the event that puts them out ends the room; the bus
/// loses the one that lets them in.
#[test]
fn who_may_be_back_in_a_room_that_ended_is_asked_about() {
    let mut scene = Scene::new(&[1]);
    scene.connect(1);
    let left = scene.log(0).leave(user(0));
    scene.log(0).join(user(0));
    scene.hear(Signal::Gained { user_id: user(0), conversation_id: conversation(0) });
    assert!(scene.server.effects.is_empty());
    scene.hear(Signal::Event(left));
    assert!(scene.server.effects.contains(&Effect::Ask { user: user(0), id: conversation(0) }), "{:?}", scene.server.effects);
}

/// A sync knows of a leave that the bus has not told yet. Who is parked then, and let in again while away, would go on without
/// ever being told of the conversation, if it is large.
#[test]
fn who_knows_less_than_they_hear_is_not_parked() {
    let mut scene = Scene::new(&[101]);
    let handle = scene.connect(1);
    let left = scene.log(0).leave(user(0));
    let now = scene.now;
    scene.server.synced(handle, user(0), &[], now);
    assert_eq!(scene.server.effects.pop_front(), Some(Effect::Tell { user: user(0), id: conversation(0) }));
    scene.server.with(|core| core.tell_added(user(0), conversation(0), None, now));
    let later = now + Duration::from_secs(9);
    assert_eq!(scene.server.core.park(caller(user(0)), handle, None, later), None);
    scene.hear(Signal::Event(left));
    assert!(scene.server.core.park(caller(user(0)), handle, None, later).is_some(), "the event says so itself now");
}

/// A connection that has everything is told to go; what comes until it is looked at it does not get.
#[test]
fn what_comes_after_a_close_was_decided_is_missed() {
    let mut scene = Scene::new(&[2]);
    let handle = scene.connect(1);
    while scene.server.attend(0, scene.now) {}
    scene.server.boards[0].close(handle.slot, Close::DRAIN);
    scene.write(0);
    scene.receipt(0);
    while scene.server.attend(0, scene.now) {}
    assert!(scene.resume(1).contains("message 3"));
}

/// A hint that was on its way when the connection ended, followed by something elsewhere.
#[test]
fn a_hint_that_did_not_come_is_told_again() {
    let mut scene = Scene::new(&[101, 2]);
    let handle = scene.connect(1);
    scene.write(0);
    scene.receipt(1);
    let gone = scene.server.leave(handle, true);
    scene.server.gone.push(gone);
    assert!(scene.resume(1).contains("conversation.activity"));
}

/// Plan 87259: a hint is told once a second at most; what waits for the next one nobody has received.
#[test]
fn plan_87259_what_waits_for_the_next_hint_is_missed() {
    let mut scene = Scene::new(&[101, 2]);
    let handle = scene.connect(1);
    scene.write(0);
    while scene.server.attend(0, scene.now) {}
    // The first hint has come.
    scene.server.boards[0].get_mut(handle.slot).expect("a connection").is_unproven = false;
    scene.write(0);
    scene.receipt(1);
    scene.receipt(1);
    let gone = scene.server.leave(handle, true);
    scene.server.gone.push(gone);
    assert!(scene.resume(1).contains("conversation.activity"));
}

/// Plan 3705 ended with a hole: not of the server, but of the client as it was modelled, which took an answer that was older than
/// what it had read since as the newest truth.
#[test]
fn plan_3705_an_old_answer_takes_nothing_back() {
    let mut logs = Logs::new();
    logs.insert(conversation(0), Log::new(conversation(0), &[user(0), user(1)]));
    let mut client = Client::new(user(0));
    client.state = State::Online(Handle { shard: 0, slot: 0 });
    let hear = |client: &mut Client, bytes: &[u8]| drop(client.receive(bytes, &logs));
    hear(&mut client, &connected(false).bytes);
    client.ask_sync();
    hear(&mut client, &added(conversation(0), 2).bytes);
    let old = json!({ "type": "synced", "payload": { "heads": { conversation(0).to_string(): [1, true] } } });
    hear(&mut client, &frame::encode_json(&old).expect("JSON"));
    assert_eq!(client.have[&conversation(0)], 2);
}
