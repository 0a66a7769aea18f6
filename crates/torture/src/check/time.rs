//! Real time: what was acknowledged, or seen, before something was asked comes before it.

use std::collections::HashMap;

use tertulia_domain::ids::{ConversationId, MessageId, Seq};

use super::{Evidence, place_of};
use crate::findings::{Findings, Invariant};
use crate::history::{Nanos, Request};

/// At `at`, the log was known to reach `seq`.
struct Known {
    at: Nanos,
    seq: Seq,
}

/// Asked at `at`: must lie after everything known before (`written`), or show it.
struct Later {
    at: Nanos,
    seq: Seq,
    written: bool,
}

pub(super) fn check(evidence: &Evidence, findings: &Findings) {
    let mut known: HashMap<ConversationId, Vec<Known>> = HashMap::new();
    let mut later: HashMap<ConversationId, Vec<Later>> = HashMap::new();
    // A message was first asked for when its first attempt was.
    let mut sends: HashMap<MessageId, (ConversationId, Nanos, Option<Seq>)> = HashMap::new();
    for (_, entry) in evidence.entries() {
        let Some(conversation) = place_of(&entry.request) else { continue };
        let written = match &entry.request {
            Request::Send { message, .. } => {
                let send = sends.entry(*message).or_insert((conversation, entry.invoked, None));
                send.1 = send.1.min(entry.invoked);
                send.2 = send.2.or(entry.seq());
                None
            }
            Request::Edit { .. } | Request::Delete { .. } | Request::React { .. } => Some(true),
            Request::Look { .. } => Some(false),
            _ => continue,
        };
        let Some(seq) = entry.seq() else { continue };
        known.entry(conversation).or_default().push(Known { at: entry.answered, seq });
        if let Some(written) = written {
            later.entry(conversation).or_default().push(Later { at: entry.invoked, seq, written });
        }
    }
    for (conversation, at, seq) in sends.into_values() {
        if let Some(seq) = seq {
            later.entry(conversation).or_default().push(Later { at, seq, written: true });
        }
    }
    for (conversation, later) in later {
        sweep(conversation, known.remove(&conversation).unwrap_or_default(), later, findings);
    }
}

fn sweep(conversation: ConversationId, mut known: Vec<Known>, mut later: Vec<Later>, findings: &Findings) {
    known.sort_unstable_by_key(|known| known.at);
    later.sort_unstable_by_key(|later| later.at);
    let mut known = known.into_iter().peekable();
    let mut highest = 0;
    for Later { at, seq, written } in later {
        while let Some(before) = known.next_if(|known| known.at < at) {
            highest = highest.max(before.seq);
        }
        let right = if written { seq > highest } else { seq >= highest };
        findings.expect(Invariant::RealTime, right, || {
            let what = if written { "was written to" } else { "was shown up to" };
            format!("{conversation} {what} seq {seq} after seq {highest} had been acknowledged or shown")
        });
    }
}
