//! Messages: what was acknowledged is there once, what was refused is not, and nobody else's words are.

use std::collections::HashMap;

use tertulia_domain::Code;
use tertulia_domain::ids::{ConversationId, MessageId, Seq, UserId};

use super::Evidence;
use crate::findings::{Findings, Invariant};
use crate::history::{Entry, Outcome, Request};

/// All attempts to send one message.
struct Sending<'a> {
    user: UserId,
    conversation: ConversationId,
    /// What it said when it was first sent.
    text: &'a str,
    first: &'a Entry,
    attempts: Vec<(&'a str, &'a Entry)>,
}

fn sendings(evidence: &Evidence) -> HashMap<MessageId, Sending<'_>> {
    let mut all: HashMap<MessageId, Sending<'_>> = HashMap::new();
    for (user, entry) in evidence.entries() {
        let Request::Send { conversation, message, text } = &entry.request else { continue };
        let sending =
            all.entry(*message).or_insert_with(|| Sending { user, conversation: *conversation, text, first: entry, attempts: Vec::new() });
        if entry.invoked < sending.first.invoked {
            (sending.first, sending.text) = (entry, text);
        }
        sending.attempts.push((text, entry));
    }
    all
}

pub(super) fn check(evidence: &Evidence, findings: &Findings) {
    let sendings = sendings(evidence);
    let mut stored: HashMap<MessageId, Vec<(ConversationId, Seq)>> = HashMap::new();
    for record in evidence.records().filter(|record| record.kind == "message.new") {
        let Some(message) = record.message else { continue };
        stored.entry(message).or_default().push((record.conversation, record.seq));
        let sending = sendings.get(&message);
        let sent = sending.is_some_and(|sending| sending.user == record.actor && sending.conversation == record.conversation);
        findings.expect(Invariant::Phantom, sent, || format!("{message} at seq {} of {} was never sent", record.seq, record.conversation));
        let refused = sending.is_some_and(Sending::is_refused);
        findings.expect(Invariant::Phantom, !refused, || format!("{message} was refused, and is at seq {}", record.seq));
    }
    for (message, sending) in &sendings {
        let nowhere = Vec::new();
        let places = stored.get(message).unwrap_or(&nowhere);
        findings.expect(Invariant::Once, places.len() <= 1, || format!("{message} is in the logs {} times", places.len()));
        sending.check_acks(*message, places, findings);
    }
}

impl Sending<'_> {
    /// Certainly not done, however often it was tried.
    fn is_refused(&self) -> bool {
        self.attempts.iter().all(|(_, entry)| matches!(entry.outcome, Outcome::Refused(_)))
    }

    fn check_acks(&self, message: MessageId, places: &[(ConversationId, Seq)], findings: &Findings) {
        let mut promised: Option<Seq> = None;
        for (text, entry) in &self.attempts {
            let same = *text == self.text;
            match entry.outcome {
                Outcome::Ok { seq: Some(seq), .. } => {
                    findings.expect(Invariant::Dedup, same, || format!("{message} was acknowledged again with other content"));
                    let before = *promised.get_or_insert(seq);
                    findings.expect(Invariant::Dedup, before == seq, || format!("{message} was given seq {before}, and seq {seq}"));
                    findings.expect(Invariant::Once, places.contains(&(self.conversation, seq)), || {
                        format!("{message} was acknowledged with seq {seq} of {}, and is not there: {places:?}", self.conversation)
                    });
                }
                Outcome::Ok { seq: None, .. } => findings.violated(Invariant::Answer, format!("{message} was acknowledged without a seq")),
                Outcome::Refused(Code::Conflict) => {
                    findings.expect(Invariant::Dedup, !same, || format!("{message} was refused as a conflict with itself"));
                }
                _ => {}
            }
        }
    }
}
