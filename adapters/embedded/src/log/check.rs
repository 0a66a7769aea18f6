//! Whether everything derived equals what the log says. One conversation after the other is folded from
//! its events and compared; then the storage as a whole is.

mod ledger;
mod members;
mod messages;

use rusqlite::Connection;
use tertulia_domain::ConversationId;
use tertulia_ports::store::log::{CheckReport, Drift};

use crate::conversations::{CONVERSATION, Stored, stored};
use crate::rows::{RowNo, first, seq};
use crate::sql::{Fault, Ran, all, single};
use ledger::Ledger;

/// Past it nothing is gained by naming more.
const DRIFTS_MAX: usize = 1_000;

pub(super) fn check(db: &Connection, progress: &(dyn Fn(u64, u64) + Send + Sync)) -> Ran<CheckReport> {
    let mut findings = Findings::default();
    findings.guard(|findings| storage(db, findings));
    let mut ids: Vec<RowNo> = Vec::new();
    findings.guard(|_| {
        ids = all(db, "SELECT row FROM conversations ORDER BY row", [], first)?;
        Ok(())
    });
    let total = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    for (done, row) in (1..).zip(ids) {
        findings.conversation = None;
        findings.guard(|findings| conversation(db, row, findings));
        progress(done, total);
    }
    findings.conversation = None;
    findings.guard(|findings| totals(db, findings));
    let Findings { mut report, .. } = findings;
    report.conversations = total;
    Ok(report)
}

/// What was found so far, and what the tables must hold in all.
#[derive(Default)]
struct Findings {
    conversation: Option<ConversationId>,
    report: CheckReport,
    mentions: u64,
    reactions: u64,
}

impl Findings {
    fn note(&mut self, what: impl Into<String>) {
        if self.report.drifts.len() < DRIFTS_MAX {
            self.report.drifts.push(Drift { conversation_id: self.conversation, what: what.into() });
        }
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: std::fmt::Arguments<'_>, stored: T, log: T) {
        if stored != log {
            self.note(format!("{what} is {stored:?}, the log says {log:?}"));
        }
    }

    /// What cannot be read is a finding, not the end of the check.
    fn guard(&mut self, part: impl FnOnce(&mut Self) -> Ran<()>) {
        match part(self) {
            Ok(()) => {}
            Err(Fault::Sql(error)) => self.note(format!("cannot be read: {error}")),
            Err(Fault::Broken(what)) => self.note(format!("cannot be read: {what}")),
            Err(Fault::Refused(refusal)) => self.note(format!("cannot be read: {refusal}")),
        }
    }
}

/// SQLite's own view of the file.
fn storage(db: &Connection, findings: &mut Findings) -> Ran<()> {
    let said: Vec<String> = all(db, "PRAGMA quick_check(100)", [], first)?;
    for what in said.into_iter().filter(|what| what != "ok") {
        findings.note(format!("storage: {what}"));
    }
    Ok(())
}

fn conversation(db: &Connection, row: RowNo, findings: &mut Findings) -> Ran<()> {
    let stored: Stored = single(db, &format!("{CONVERSATION} WHERE c.row = ?"), [row], stored)?;
    findings.conversation = Some(stored.conversation.id);
    sequence(db, &stored, findings)?;
    let ledger = Ledger::read(db, row, findings)?;
    members::compare(db, &stored, &ledger, findings)?;
    messages::compare(db, &stored, &ledger, findings)
}

/// 1, 2, 3 … over both tables, up to the head.
fn sequence(db: &Connection, stored: &Stored, findings: &mut Findings) -> Ran<()> {
    const SQL: &str =
        "SELECT seq FROM messages WHERE conversation = ?1 UNION ALL SELECT seq FROM events WHERE conversation = ?1 ORDER BY seq";
    let mut last = 0;
    let mut statement = db.prepare_cached(SQL)?;
    let mut rows = statement.query([stored.row])?;
    while let Some(row) = rows.next()? {
        let seq = seq(row, 0)?;
        if seq == last {
            findings.note(format!("seq {seq} stands twice in the log"));
        } else if seq != last + 1 {
            findings.note(format!("the log has a gap before seq {seq}, after {last}"));
        }
        last = seq;
        findings.report.events += 1;
    }
    findings.expect(format_args!("the head"), stored.conversation.head, last);
    Ok(())
}

const ORPHANS: &[(&str, &str)] = &[
    ("messages of no conversation", "SELECT count(*) FROM messages WHERE conversation NOT IN (SELECT row FROM conversations)"),
    ("events of no conversation", "SELECT count(*) FROM events WHERE conversation NOT IN (SELECT row FROM conversations)"),
    ("members of no conversation", "SELECT count(*) FROM members WHERE conversation NOT IN (SELECT row FROM conversations)"),
    ("members who are no users", "SELECT count(*) FROM members WHERE user NOT IN (SELECT row FROM users)"),
    ("messages without a sender", "SELECT count(*) FROM messages WHERE sender NOT IN (SELECT row FROM users)"),
    ("events without an actor", "SELECT count(*) FROM events WHERE actor NOT IN (SELECT row FROM users)"),
    (
        "versions of deleted or missing messages",
        "SELECT count(*) FROM versions WHERE message NOT IN (SELECT row FROM messages WHERE deleted_at IS NULL)",
    ),
    (
        "reactions to deleted or missing messages",
        "SELECT count(*) FROM reactions WHERE message NOT IN (SELECT row FROM messages WHERE deleted_at IS NULL)",
    ),
    (
        "workspaces without an owner",
        "SELECT count(*) FROM workspaces WHERE row NOT IN (SELECT workspace FROM workspace_members WHERE role = 3)",
    ),
];

/// What no conversation would miss.
fn totals(db: &Connection, findings: &mut Findings) -> Ran<()> {
    let count = |sql: &str| single(db, sql, [], |row| crate::rows::count::<u64>(row, 0));
    for (what, sql) in ORPHANS {
        let orphans = count(sql)?;
        if orphans > 0 {
            findings.note(format!("{orphans} {what}"));
        }
    }
    let (mentions, reactions) = (findings.mentions, findings.reactions);
    findings.expect(format_args!("the number of mentions"), count("SELECT count(*) FROM mentions")?, mentions);
    findings.expect(format_args!("the number of reactions"), count("SELECT count(*) FROM reactions")?, reactions);
    Ok(())
}
