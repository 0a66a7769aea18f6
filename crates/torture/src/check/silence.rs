//! Once a sync has failed, nothing more is acknowledged until the server is started again.

use super::Evidence;
use crate::findings::{Findings, Invariant};
use crate::history::Request;

pub(super) fn check(evidence: &Evidence, findings: &Findings) {
    for (from, to) in &evidence.silences {
        for (_, entry) in evidence.entries().filter(|(_, entry)| entry.invoked > *from && entry.answered < *to) {
            let writes =
                matches!(entry.request, Request::Send { .. } | Request::Edit { .. } | Request::Delete { .. } | Request::React { .. });
            if writes {
                findings.expect(Invariant::Recovery, !entry.is_written(), || {
                    format!("{:?} was acknowledged as {:?} after a sync had failed", entry.request, entry.outcome)
                });
            }
        }
    }
}
