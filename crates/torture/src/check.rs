//! The checker: what all clients did and saw, against the logs as they are at the end. It knows nothing of sockets or
//! servers, so that its own tests can plant bugs into made-up histories.

mod access;
mod changes;
mod marks;
mod messages;
mod silence;
mod time;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;

use tertulia_domain::ids::{ConversationId, UserId};

use crate::findings::{Findings, Invariant};
use crate::history::{Entry, History, Nanos, Request};
use crate::record::Record;

/// All that is known at the end.
#[derive(Default)]
pub struct Evidence {
    pub histories: Vec<History>,
    /// Each conversation's log, from its first event to its last.
    pub logs: HashMap<ConversationId, Vec<Record>>,
    /// From when the storage was known to have failed, until the server was ended.
    pub silences: Vec<(Nanos, Nanos)>,
}

impl Evidence {
    pub fn entries(&self) -> impl Iterator<Item = (UserId, &Entry)> {
        self.histories.iter().flat_map(|history| history.entries.iter().map(|entry| (history.user, entry)))
    }

    fn record(&self, conversation: ConversationId, seq: u64) -> Option<&Record> {
        let place = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.logs.get(&conversation)?.get(place)
    }

    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.logs.values().flatten()
    }
}

/// Looks for everything that must not be.
pub fn check(evidence: &Evidence, findings: &Findings) {
    gaps(evidence, findings);
    messages::check(evidence, findings);
    changes::check(evidence, findings);
    time::check(evidence, findings);
    marks::check(evidence, findings);
    access::check(evidence, findings);
    silence::check(evidence, findings);
}

fn gaps(evidence: &Evidence, findings: &Findings) {
    for (conversation, log) in &evidence.logs {
        for (place, record) in log.iter().enumerate() {
            let expected = place as u64 + 1;
            findings.expect(Invariant::Gap, record.seq == expected, || {
                format!("{conversation} has seq {} where {expected} belongs", record.seq)
            });
        }
    }
}

/// The conversation that a request was about.
pub fn place_of(request: &Request) -> Option<ConversationId> {
    match request {
        Request::Send { conversation, .. }
        | Request::Edit { conversation, .. }
        | Request::Delete { conversation, .. }
        | Request::React { conversation, .. }
        | Request::Read { conversation, .. }
        | Request::Delivered { conversation, .. }
        | Request::Unread { conversation, .. }
        | Request::Add { conversation, .. }
        | Request::Remove { conversation, .. }
        | Request::Look { conversation }
        | Request::LookAtMark { conversation } => Some(*conversation),
        Request::Other => None,
    }
}
