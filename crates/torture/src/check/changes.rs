//! Edits, deletions and reactions: acknowledged ones are in the log, and a message says what the last one made of it.

use std::collections::HashMap;

use tertulia_domain::ids::{MessageId, Seq, UserId};

use super::Evidence;
use crate::findings::{Findings, Invariant};
use crate::history::{Outcome, Request};
use crate::record::Record;

/// What was asked about one message.
#[derive(Default)]
struct Asked<'a> {
    first: Option<(u64, &'a str)>,
    /// With the seq, where it was acknowledged; those that were refused are not here.
    edits: Vec<(&'a str, Option<Seq>)>,
    deleted: bool,
}

pub(super) fn check(evidence: &Evidence, findings: &Findings) {
    let mut asked: HashMap<MessageId, Asked<'_>> = HashMap::new();
    let mut wanted: HashMap<(UserId, MessageId, &str, String), ()> = HashMap::new();
    for (user, entry) in evidence.entries() {
        let refused = matches!(entry.outcome, Outcome::Refused(_));
        let (kind, conversation, message, detail) = match &entry.request {
            Request::Send { message, text, .. } => {
                let of = asked.entry(*message).or_default();
                if of.first.is_none_or(|(invoked, _)| entry.invoked < invoked) {
                    of.first = Some((entry.invoked, text));
                }
                continue;
            }
            Request::Edit { conversation, message, text } => {
                if !refused {
                    asked.entry(*message).or_default().edits.push((text, entry.seq()));
                }
                ("message.updated", conversation, message, String::new())
            }
            Request::Delete { conversation, message } => {
                asked.entry(*message).or_default().deleted |= !refused;
                ("message.deleted", conversation, message, String::new())
            }
            Request::React { conversation, message, emoji, add } => {
                ("message.reaction", conversation, message, format!("{emoji} {}", if *add { "add" } else { "remove" }))
            }
            _ => continue,
        };
        if !refused {
            wanted.insert((user, *message, kind, detail.clone()), ());
        }
        if let Some(seq) = entry.seq() {
            let found = evidence.record(*conversation, seq).is_some_and(|record| {
                record.kind == kind && record.message == Some(*message) && record.actor == user && record.detail == detail
            });
            findings.expect(Invariant::Change, found, || {
                format!("{kind} of {message} was acknowledged with seq {seq} of {conversation}, and is not there")
            });
        }
    }
    for record in
        evidence.records().filter(|record| matches!(record.kind.as_str(), "message.updated" | "message.deleted" | "message.reaction"))
    {
        let known = record
            .message
            .is_some_and(|message| wanted.contains_key(&(record.actor, message, record.kind.as_str(), record.detail.clone())));
        findings.expect(Invariant::Phantom, known, || {
            format!("{} at seq {} of {} was not asked for", record.kind, record.seq, record.conversation)
        });
    }
    contents(evidence, &asked, findings);
}

/// Events show what their message says now: all of them the same, the last word.
fn contents(evidence: &Evidence, asked: &HashMap<MessageId, Asked<'_>>, findings: &Findings) {
    let mut of_message: HashMap<MessageId, Vec<&Record>> = HashMap::new();
    for record in evidence.records() {
        if let Some(message) = record.message {
            of_message.entry(message).or_default().push(record);
        }
    }
    for (message, records) in of_message {
        let Some(asked) = asked.get(&message) else { continue };
        let deleted = records.iter().any(|record| record.kind == "message.deleted");
        let newest_edit = records.iter().filter(|record| record.kind == "message.updated").map(|record| record.seq).max();
        for record in records.iter().filter(|record| matches!(record.kind.as_str(), "message.new" | "message.updated")) {
            let right = match (&record.text, newest_edit) {
                (None, _) => deleted && asked.deleted,
                (Some(_), _) if deleted => false,
                (Some(text), None) => asked.first.is_some_and(|(_, first)| first == text),
                (Some(text), Some(newest)) => asked.says(text, newest),
            };
            findings.expect(Invariant::Change, right, || {
                format!(
                    "{message} shows the wrong content at seq {} of {} (deleted: {deleted}, newest edit: {newest_edit:?})",
                    record.seq, record.conversation
                )
            });
        }
    }
}

impl Asked<'_> {
    /// Whether the edit at `newest` may have said so.
    fn says(&self, text: &str, newest: Seq) -> bool {
        let acknowledged = self.edits.iter().find(|(_, seq)| *seq == Some(newest));
        match acknowledged {
            Some((last, _)) => *last == text,
            None => self.edits.iter().any(|(edit, seq)| seq.is_none() && *edit == text),
        }
    }
}
