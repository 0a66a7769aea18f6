//! Who may read: nothing reaches somebody from when they are not a member, and only members write.

use std::collections::HashMap;

use tertulia_domain::ids::{ConversationId, Seq, UserId};

use super::Evidence;
use crate::findings::{Findings, Invariant};
use crate::history::{Entry, Nanos, Outcome, Request};

/// Comings (true) and goings of one member, by seq.
type Moves = Vec<(Seq, bool)>;

struct Members<'a> {
    moves: HashMap<(ConversationId, UserId), Moves>,
    adds: HashMap<(ConversationId, UserId), Vec<&'a Entry>>,
    removes: HashMap<(ConversationId, UserId), Vec<&'a Entry>>,
}

impl<'a> Members<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        let mut members = Self { moves: HashMap::new(), adds: HashMap::new(), removes: HashMap::new() };
        for record in evidence.records() {
            let (Some(user), joined) = (record.user, record.kind == "member.joined") else { continue };
            if joined || record.kind == "member.left" {
                members.moves.entry((record.conversation, user)).or_default().push((record.seq, joined));
            }
        }
        for (_, entry) in evidence.entries().filter(|(_, entry)| !matches!(entry.outcome, Outcome::Refused(_))) {
            match &entry.request {
                Request::Add { conversation, user } => members.adds.entry((*conversation, *user)).or_default().push(entry),
                Request::Remove { conversation, user } => members.removes.entry((*conversation, *user)).or_default().push(entry),
                _ => {}
            }
        }
        members
    }

    /// Whether the event at `seq` is of a time when they were in it; their own going included.
    fn was_in(&self, who: (ConversationId, UserId), seq: Seq) -> bool {
        let moves = self.moves.get(&who).map(Vec::as_slice).unwrap_or_default();
        let before = moves.iter().rev().find(|(at, _)| *at <= seq);
        before.is_some_and(|(at, joined)| *joined || *at == seq)
    }

    /// Whether somebody may have let them in again by `then`, after they were last put out: history is theirs then too.
    fn may_be_back(&self, who: (ConversationId, UserId), then: Nanos) -> bool {
        let removes = self.removes.get(&who).map(Vec::as_slice).unwrap_or_default();
        let out = removes.iter().filter(|entry| entry.invoked < then).map(|entry| entry.invoked).max().unwrap_or_default();
        let adds = self.adds.get(&who).map(Vec::as_slice).unwrap_or_default();
        adds.iter().any(|entry| entry.invoked < then && entry.answered > out)
    }

    /// Whether they were certainly out from `from` to `to`: put out before, and nobody let them in.
    fn was_out(&self, who: (ConversationId, UserId), from: Nanos, to: Nanos) -> bool {
        let removes = self.removes.get(&who).map(Vec::as_slice).unwrap_or_default();
        let out = removes.iter().filter(|entry| entry.is_ok() && entry.answered < from).map(|entry| entry.invoked).max();
        let adds = self.adds.get(&who).map(Vec::as_slice).unwrap_or_default();
        out.is_some_and(|out| !adds.iter().any(|entry| entry.answered > out && entry.invoked < to))
    }
}

pub(super) fn check(evidence: &Evidence, findings: &Findings) {
    let members = Members::new(evidence);
    for history in &evidence.histories {
        for seen in history.seen.iter().filter(|seen| seen.pushed && evidence.logs.contains_key(&seen.conversation)) {
            let who = (seen.conversation, history.user);
            let allowed = members.was_in(who, seen.seq) || members.may_be_back(who, seen.at);
            findings.expect(Invariant::Access, allowed, || {
                format!("{} was sent seq {} of {}, and was not in it", history.user, seen.seq, seen.conversation)
            });
        }
        for entry in history.entries.iter().filter(|entry| entry.is_ok()) {
            if let Request::Look { conversation } = entry.request {
                let out = members.was_out((conversation, history.user), entry.invoked, entry.answered);
                findings.expect(Invariant::Access, !out, || format!("{} could read {conversation} after being put out", history.user));
            }
        }
    }
    for record in evidence.records().filter(|record| record.kind.starts_with("message.")) {
        let inside = members.was_in((record.conversation, record.actor), record.seq);
        findings.expect(Invariant::Access, inside, || {
            format!("{} wrote seq {} of {}, and was not in it", record.actor, record.seq, record.conversation)
        });
    }
}
