//! Watermarks: forward only, and not past the head.

use std::collections::{HashMap, HashSet};

use tertulia_domain::ids::{ConversationId, Seq, UserId};

use super::{Evidence, place_of};
use crate::findings::{Findings, Invariant};
use crate::history::{Nanos, Request};

pub(super) fn check(evidence: &Evidence, findings: &Findings) {
    let moved_back = moved_back(evidence);
    told(evidence, &moved_back, findings);
    for history in &evidence.histories {
        for read in [true, false] {
            own(evidence, history.user, read, &moved_back, findings);
        }
    }
}

/// Where a mark may go back: on purpose, or because its owner began anew.
fn moved_back(evidence: &Evidence) -> HashSet<(ConversationId, UserId)> {
    let unread = evidence.entries().filter_map(|(user, entry)| match &entry.request {
        Request::Unread { conversation, .. } => Some((*conversation, user)),
        _ => None,
    });
    let left =
        evidence.records().filter(|record| record.kind == "member.left").filter_map(|record| Some((record.conversation, record.user?)));
    unread.chain(left).collect()
}

/// What receipts told on each connection.
fn told(evidence: &Evidence, moved_back: &HashSet<(ConversationId, UserId)>, findings: &Findings) {
    for history in &evidence.histories {
        let mut highest: HashMap<(ConversationId, UserId, bool), Seq> = HashMap::new();
        for mark in &history.marks {
            let Some(mark) = mark else {
                highest.clear();
                continue;
            };
            if moved_back.contains(&(mark.conversation, mark.user)) {
                continue;
            }
            let before = highest.entry((mark.conversation, mark.user, mark.read)).or_default();
            findings.expect(Invariant::Watermark, mark.seq >= *before, || {
                format!("the mark of {} in {} went back from {before} to {}", mark.user, mark.conversation, mark.seq)
            });
            *before = mark.seq;
        }
    }
}

/// What its owner was answered: never less than what was answered before it was asked.
fn own(evidence: &Evidence, user: UserId, read: bool, moved_back: &HashSet<(ConversationId, UserId)>, findings: &Findings) {
    let mut answers: HashMap<ConversationId, Vec<(Nanos, Nanos, Seq)>> = HashMap::new();
    for (_, entry) in evidence.entries().filter(|(of, _)| *of == user) {
        let counts = match entry.request {
            Request::Read { .. } | Request::LookAtMark { .. } => read,
            Request::Delivered { .. } => !read,
            _ => false,
        };
        if let (true, Some(conversation), Some(seq)) = (counts, place_of(&entry.request), entry.seq()) {
            answers.entry(conversation).or_default().push((entry.invoked, entry.answered, seq));
        }
    }
    for (conversation, mut answers) in answers {
        if moved_back.contains(&(conversation, user)) {
            continue;
        }
        let head = evidence.logs.get(&conversation).map_or(Seq::MAX, |log| log.len() as Seq);
        let mut known: Vec<(Nanos, Seq)> = answers.iter().map(|(_, answered, seq)| (*answered, *seq)).collect();
        known.sort_unstable();
        answers.sort_unstable();
        let mut known = known.into_iter().peekable();
        let mut highest = 0;
        for (invoked, _, seq) in answers {
            while let Some((_, before)) = known.next_if(|(answered, _)| *answered < invoked) {
                highest = highest.max(before);
            }
            findings.expect(Invariant::Watermark, (highest..=head).contains(&seq), || {
                format!("the mark of {user} in {conversation} was {seq}, after {highest}, with the head at {head}")
            });
        }
    }
}
