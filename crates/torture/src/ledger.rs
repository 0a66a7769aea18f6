//! What anybody has seen of the logs so far: the first who sees an event decides what it is for all.

use std::collections::HashMap;

use parking_lot::Mutex;
use tertulia_domain::ids::{ConversationId, Seq};

use crate::findings::{Findings, Invariant};
use crate::record::Record;

/// Fingerprints by conversation and `seq`.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashMap<ConversationId, Vec<u64>>>);

impl Ledger {
    /// Somebody saw this event; a finding where another saw a different one at its place.
    pub fn see(&self, record: &Record, who: &str, findings: &Findings) {
        let Ok(place) = usize::try_from(record.seq) else { return };
        let mut logs = self.0.lock();
        let prints = logs.entry(record.conversation).or_default();
        if prints.len() <= place {
            prints.resize(place + 1, 0);
        }
        let print = record.print();
        let known = prints.get_mut(place).map(|known| if *known == 0 { std::mem::replace(known, print) } else { *known });
        drop(logs);
        let same = known.is_none_or(|known| known == 0 || known == print);
        findings.expect(Invariant::Order, same, || {
            format!("{who} saw another {} than others at seq {} of {}", record.kind, record.seq, record.conversation)
        });
    }

    /// The highest `seq` that anybody saw.
    pub fn head(&self, conversation: ConversationId) -> Seq {
        self.0.lock().get(&conversation).map_or(0, |prints| prints.len().saturating_sub(1) as Seq)
    }
}
