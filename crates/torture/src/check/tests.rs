//! A checker is worth what it finds: a small true history, and one planted bug after the other.

use std::collections::HashMap;

use tertulia_domain::Code;
use tertulia_domain::ids::{ConversationId, MessageId, Seq, UserId};
use uuid::Uuid;

use super::{Evidence, check};
use crate::findings::{Findings, Invariant};
use crate::history::{Entry, History, MarkSeen, Nanos, Outcome, Request, Seen};
use crate::record::Record;

const PLACE: ConversationId = ConversationId(Uuid::from_u128(1));
const ADA: UserId = UserId(Uuid::from_u128(10));
const BOB: UserId = UserId(Uuid::from_u128(11));
const OWNER: UserId = UserId(Uuid::from_u128(12));

fn message(n: u128) -> MessageId {
    MessageId(Uuid::from_u128(100 + n))
}

fn record(seq: Seq, kind: &str, actor: UserId) -> Record {
    Record { conversation: PLACE, seq, kind: kind.into(), actor, message: None, user: None, detail: String::new(), text: None }
}

fn of_message(seq: Seq, kind: &str, actor: UserId, n: u128, text: Option<&str>) -> Record {
    Record { message: Some(message(n)), text: text.map(str::to_owned), ..record(seq, kind, actor) }
}

fn of_member(seq: Seq, kind: &str, user: UserId) -> Record {
    Record { user: Some(user), ..record(seq, kind, OWNER) }
}

fn ok(seq: Seq) -> Outcome {
    Outcome::Ok { seq: Some(seq), duplicate: false }
}

fn entry(request: Request, invoked: Nanos, answered: Nanos, outcome: Outcome) -> Entry {
    Entry { request, invoked, answered, outcome }
}

fn send(n: u128, text: &str) -> Request {
    Request::Send { conversation: PLACE, message: message(n), text: text.into() }
}

fn push(seq: Seq, at: Nanos) -> Seen {
    Seen { conversation: PLACE, seq, at, print: 0, pushed: true }
}

fn mark(user: UserId, seq: Seq) -> Option<MarkSeen> {
    Some(MarkSeen { conversation: PLACE, user, read: true, seq })
}

/// Ada and Bob talk; Bob is put out and let in again. All of it as it should be.
pub(crate) fn truth() -> Evidence {
    let log = vec![
        of_member(1, "member.joined", OWNER),
        of_member(2, "member.joined", ADA),
        of_member(3, "member.joined", BOB),
        of_message(4, "message.new", ADA, 1, Some("one, edited")),
        of_message(5, "message.new", BOB, 2, None),
        of_message(6, "message.updated", ADA, 1, Some("one, edited")),
        of_message(7, "message.deleted", BOB, 2, None),
        Record { detail: "👍 add".into(), ..of_message(8, "message.reaction", BOB, 1, None) },
        of_member(9, "member.left", BOB),
        of_message(10, "message.new", ADA, 3, Some("three")),
        of_member(11, "member.joined", BOB),
        of_message(12, "message.new", ADA, 4, Some("four")),
    ];
    let mut ada = History::new(ADA);
    ada.entries = vec![
        entry(send(1, "one"), 100, 110, ok(4)),
        entry(Request::Edit { conversation: PLACE, message: message(1), text: "one, edited".into() }, 130, 140, ok(6)),
        entry(send(1, "one"), 150, 155, Outcome::Ok { seq: Some(4), duplicate: true }),
        entry(send(1, "one other"), 156, 158, Outcome::Refused(Code::Conflict)),
        entry(send(3, "three"), 200, 210, ok(10)),
        // No answer came: it is there all the same.
        entry(send(4, "four"), 230, 240, Outcome::Unknown),
        // No answer came: it is not there.
        entry(send(5, "five"), 230, 240, Outcome::Unknown),
        entry(Request::Look { conversation: PLACE }, 250, 260, ok(12)),
        entry(Request::Read { conversation: PLACE, seq: 7 }, 262, 264, ok(7)),
        entry(Request::Read { conversation: PLACE, seq: 5 }, 266, 268, ok(7)),
    ];
    ada.seen = (4..=12).map(|seq| push(seq, 240)).collect();
    ada.marks = vec![mark(OWNER, 4), mark(OWNER, 6), None, mark(OWNER, 5)];
    let mut bob = History::new(BOB);
    bob.entries = vec![
        entry(send(2, "two"), 112, 120, ok(5)),
        entry(Request::Delete { conversation: PLACE, message: message(2) }, 142, 148, ok(7)),
        entry(Request::React { conversation: PLACE, message: message(1), emoji: "👍", add: true }, 160, 165, ok(8)),
        entry(send(6, "six"), 190, 195, Outcome::Refused(Code::NotFound)),
    ];
    // The last ones after he was let in again, one of them from before.
    bob.seen = vec![push(4, 110), push(5, 120), push(8, 165), push(9, 180), push(10, 225), push(11, 225), push(12, 235)];
    let mut owner = History::new(OWNER);
    owner.entries = vec![
        entry(Request::Remove { conversation: PLACE, user: BOB }, 170, 180, Outcome::Ok { seq: None, duplicate: false }),
        entry(Request::Add { conversation: PLACE, user: BOB }, 215, 222, Outcome::Ok { seq: None, duplicate: false }),
    ];
    Evidence { histories: vec![ada, bob, owner], logs: HashMap::from([(PLACE, log)]), silences: vec![(185, 198)] }
}

/// Which invariants are broken when `plant` has changed the truth.
fn broken(plant: impl FnOnce(&mut Evidence)) -> Vec<Invariant> {
    let mut evidence = truth();
    plant(&mut evidence);
    let findings = Findings::default();
    check(&evidence, &findings);
    findings.all().broken.into_keys().collect()
}

fn log(evidence: &mut Evidence) -> &mut Vec<Record> {
    evidence.logs.get_mut(&PLACE).unwrap()
}

#[track_caller]
fn finds(invariant: Invariant, plant: impl FnOnce(&mut Evidence)) {
    let found = broken(plant);
    assert!(found.contains(&invariant), "{invariant:?} is not among {found:?}");
}

#[test]
fn the_truth_is_clean() {
    assert_eq!(broken(|_| {}), []);
}

#[test]
fn an_acknowledged_message_that_is_lost() {
    finds(Invariant::Once, |evidence| drop(log(evidence).remove(9)));
    finds(Invariant::Once, |evidence| log(evidence).truncate(9));
    finds(Invariant::Once, |evidence| log(evidence)[9] = of_message(10, "message.new", ADA, 5, Some("five")));
}

#[test]
fn a_message_that_is_there_twice() {
    finds(Invariant::Once, |evidence| log(evidence).push(of_message(13, "message.new", ADA, 3, Some("three"))));
    // Under an id of the server's own making.
    finds(Invariant::Phantom, |evidence| log(evidence).push(of_message(13, "message.new", ADA, 99, Some("three"))));
}

#[test]
fn what_was_refused_is_there() {
    finds(Invariant::Phantom, |evidence| log(evidence).push(of_message(13, "message.new", BOB, 6, Some("six"))));
}

#[test]
fn what_nobody_sent_is_there() {
    finds(Invariant::Phantom, |evidence| log(evidence)[11].actor = BOB);
    finds(Invariant::Phantom, |evidence| log(evidence).push(of_message(13, "message.updated", BOB, 1, Some("one, edited"))));
}

#[test]
fn a_gap_and_a_repetition() {
    finds(Invariant::Gap, |evidence| log(evidence)[11].seq = 13);
    finds(Invariant::Gap, |evidence| log(evidence)[11].seq = 11);
}

#[test]
fn an_order_that_time_forbids() {
    // Acknowledged with 10 before it was sent with 4.
    finds(Invariant::RealTime, |evidence| evidence.histories[0].entries[0].invoked = 220);
    // An acknowledged write is not shown.
    finds(Invariant::RealTime, |evidence| evidence.histories[0].entries[7].outcome = ok(9));
}

#[test]
fn a_retry_with_another_answer() {
    finds(Invariant::Dedup, |evidence| evidence.histories[0].entries[2].outcome = ok(10));
    finds(Invariant::Dedup, |evidence| evidence.histories[0].entries[3].outcome = ok(4));
    finds(Invariant::Dedup, |evidence| evidence.histories[0].entries[2].outcome = Outcome::Refused(Code::Conflict));
}

#[test]
fn marks_that_move_back_or_too_far() {
    finds(Invariant::Watermark, |evidence| evidence.histories[0].marks.push(mark(OWNER, 4)));
    finds(Invariant::Watermark, |evidence| evidence.histories[0].entries[9].outcome = ok(5));
    finds(Invariant::Watermark, |evidence| evidence.histories[0].entries[9].outcome = ok(13));
}

#[test]
fn marks_that_were_moved_back_on_purpose_are_no_bug() {
    let unread = entry(Request::Unread { conversation: PLACE, seq: 3 }, 265, 266, ok(3));
    let found = broken(|evidence| {
        evidence.histories[0].entries.push(unread);
        evidence.histories[0].entries[9].outcome = ok(5);
    });
    assert_eq!(found, []);
}

#[test]
fn an_edit_that_does_not_last() {
    finds(Invariant::Change, |evidence| log(evidence)[3].text = Some("one".into()));
    finds(Invariant::Change, |evidence| log(evidence)[5].kind = "message.pinned".into());
    finds(Invariant::Change, |evidence| log(evidence)[9].text = Some("thr".into()));
}

#[test]
fn what_was_deleted_comes_back() {
    finds(Invariant::Change, |evidence| log(evidence)[4].text = Some("two".into()));
    finds(Invariant::Change, |evidence| log(evidence)[6].kind = "message.pinned".into());
}

#[test]
fn a_reaction_that_is_lost() {
    finds(Invariant::Change, |evidence| log(evidence)[7].detail = "👍 remove".into());
}

#[test]
fn events_that_reach_who_was_put_out() {
    // Seq 10 is sent to Bob before he is let in again.
    finds(Invariant::Access, |evidence| evidence.histories[1].seen.push(push(10, 212)));
    // He reads what he may not.
    finds(Invariant::Access, |evidence| evidence.histories[1].entries.push(entry(Request::Look { conversation: PLACE }, 185, 190, ok(10))));
    // He writes where he is not.
    finds(Invariant::Access, |evidence| log(evidence)[9].actor = BOB);
}

#[test]
fn an_answer_without_a_place() {
    finds(Invariant::Answer, |evidence| evidence.histories[0].entries[4].outcome = Outcome::Ok { seq: None, duplicate: false });
}
