//! What a run has to say at its end.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::findings::{Found, Invariant};
use crate::plan::Kind;

#[derive(Debug, Default)]
pub struct Report {
    pub seed: u64,
    pub seconds: u64,
    pub clients: usize,
    /// Of several nodes.
    pub cluster: bool,
    /// Ended before its time, because somebody asked or something was found.
    pub cut_short: bool,
    pub faults: BTreeMap<Kind, u64>,
    /// Faults that are left out, and why.
    pub left_out: BTreeMap<Kind, String>,
    pub acked: u64,
    pub events: u64,
    pub deliveries: u64,
    pub connections: u64,
    pub resumed: u64,
    pub gaps: u64,
    pub cuts: u64,
    pub duplicates: u64,
    /// That the server told of.
    pub failed_syncs: u64,
    pub closes: BTreeMap<u16, u64>,
    /// Where a push left out what comes before it, though the copy was at the head; the client read the log instead.
    pub skipped: Vec<String>,
    pub found: Found,
    /// The command that runs the same again.
    pub replay: String,
    /// The file that tells what happened, if something was found.
    pub history: Option<PathBuf>,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.found.broken.is_empty()
    }

    pub fn violations(&self) -> u64 {
        self.found.broken.values().sum()
    }

    pub fn json(&self) -> Value {
        let by_name = |counts: &BTreeMap<Invariant, u64>| -> serde_json::Map<String, Value> {
            Invariant::ALL
                .iter()
                .map(|invariant| (invariant.name().to_owned(), json!(counts.get(invariant).copied().unwrap_or_default())))
                .collect()
        };
        let violations: Vec<Value> = self
            .found
            .violations
            .iter()
            .map(|violation| json!({ "invariant": violation.invariant.name(), "what": violation.what }))
            .collect();
        let closes: BTreeMap<String, u64> = self.closes.iter().map(|(code, count)| (code.to_string(), *count)).collect();
        json!({
            "seed": self.seed,
            "seconds": self.seconds,
            "clients": self.clients,
            "cutShort": self.cut_short,
            "faults": self.faults.values().sum::<u64>(),
            "faultsByKind": self.faults.iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
            "leftOut": self.left_out.iter().map(|(kind, why)| (kind.name().to_owned(), json!(why))).collect::<serde_json::Map<_, _>>(),
            "acked": self.acked,
            "events": self.events,
            "deliveries": self.deliveries,
            "connections": self.connections,
            "resumed": self.resumed,
            "gaps": self.gaps,
            "cuts": self.cuts,
            "duplicates": self.duplicates,
            "failedSyncs": self.failed_syncs,
            "closes": closes,
            "skipped": self.skipped,
            "checked": by_name(&self.found.checked),
            "violations": violations,
            "violationsTotal": self.violations(),
            "replay": self.replay,
            "history": self.history,
        })
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "seed {}, {} s, {} clients{}\n\n",
            self.seed,
            self.seconds,
            self.clients,
            if self.cut_short { ", cut short" } else { "" }
        );
        for kind in Kind::ALL.iter().filter(|kind| kind.fits(self.cluster) || self.left_out.contains_key(kind)) {
            let count = self.faults.get(kind).copied().unwrap_or_default();
            let why = self.left_out.get(kind).map(|why| format!("  left out: {why}")).unwrap_or_default();
            writeln!(text, "  {:<13}{count:>6}  {}{why}", kind.name(), kind.meaning()).ok();
        }
        writeln!(text, "\n  {:<10}{:>12}{:>9}", "invariant", "checked", "broken").ok();
        for invariant in Invariant::ALL {
            let of = |counts: &BTreeMap<Invariant, u64>| counts.get(invariant).copied().unwrap_or_default();
            writeln!(
                text,
                "  {:<10}{:>12}{:>9}  {}",
                invariant.name(),
                of(&self.found.checked),
                of(&self.found.broken),
                invariant.meaning()
            )
            .ok();
        }
        writeln!(
            text,
            "\n{} faults, {} sends acknowledged, {} events, {} deliveries, {} connections ({} resumed, {} cut by their client), {} sent twice, {} gaps filled, {} syncs failed",
            self.faults.values().sum::<u64>(),
            self.acked,
            self.events,
            self.deliveries,
            self.connections,
            self.resumed,
            self.cuts,
            self.duplicates,
            self.gaps,
            self.failed_syncs
        )
        .ok();
        for skipped in self.skipped.iter().take(10) {
            writeln!(text, "gap: {skipped}").ok();
        }
        for violation in &self.found.violations {
            writeln!(text, "VIOLATION {}: {}", violation.invariant.name(), violation.what).ok();
        }
        match self.violations() {
            0 => text.push_str("no violation"),
            _ => text.push_str(&self.verdict()),
        }
        text
    }

    /// What was found, where it is told, and how to see it again.
    pub fn verdict(&self) -> String {
        let told = self.history.as_ref().map(|path| format!("; what happened: {}", path.display())).unwrap_or_default();
        format!("{} violations, seed {}{told}; again: {}", self.violations(), self.seed, self.replay)
    }
}
