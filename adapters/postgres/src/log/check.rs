//! Whether everything derived equals what the log says. One conversation after the other is folded from
//! its events and compared; then the storage as a whole is.

mod ledger;
mod members;
mod messages;

use std::pin::pin;

use futures_util::TryStreamExt;
use tertulia_domain::{Conversation, ConversationId};
use tertulia_ports::store::log::{CheckReport, Drift};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::conversations::load;
use crate::db::trouble;
use crate::rows::{count, id, missing, seq};
use crate::sql::{Fault, Ran, Tx, all, single};
use ledger::Ledger;

/// Past it nothing is gained by naming more.
const DRIFTS_MAX: usize = 1_000;

pub(super) async fn check(db: Tx, progress: &(dyn Fn(u64, u64) + Send + Sync)) -> Ran<CheckReport> {
    let mut findings = Findings::default();
    // Everything is read: no single statement is in a hurry.
    db.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    let ids: Vec<ConversationId> = all(&db, "SELECT id FROM conversations ORDER BY id", &[], |row| id(row, 0)).await?;
    let total = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    for (done, id) in (1..).zip(ids) {
        findings.conversation = Some(id);
        let checked = conversation(&db, id, &mut findings).await;
        findings.guard(checked)?;
        progress(done, total);
    }
    findings.conversation = None;
    totals(&db, &mut findings).await?;
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

    /// What cannot be read is a finding, not the end of the check; but with an error of the server's the transaction is over.
    fn guard(&mut self, part: Ran<()>) -> Ran<()> {
        match part {
            Err(Fault::Sql(error)) if error.code().is_none() && !error.is_closed() => {
                self.note(format!("cannot be read: {}", trouble::text(&error)));
            }
            Err(Fault::Broken(what)) => self.note(format!("cannot be read: {what}")),
            part => part?,
        }
        Ok(())
    }
}

/// Row after row, as the server sends them: a log need not fit into memory.
async fn each(db: &Tx, sql: &str, id: ConversationId, mut take: impl FnMut(&Row) -> Ran<()>) -> Ran<()> {
    let statement = db.prepare_cached(sql).await?;
    let params: [&(dyn ToSql + Sync); 1] = [&id.0];
    let mut rows = pin!(db.query_raw(&statement, params).await?);
    while let Some(row) = rows.try_next().await? {
        take(&row)?;
    }
    Ok(())
}

async fn conversation(db: &Tx, id: ConversationId, findings: &mut Findings) -> Ran<()> {
    let stored = load(db, id).await?.ok_or_else(missing)?;
    sequence(db, &stored, findings).await?;
    let ledger = Ledger::read(db, id, findings).await?;
    members::compare(db, &stored, &ledger, findings).await?;
    messages::compare(db, id, &ledger, findings).await
}

/// 1, 2, 3 … over both tables, up to the head.
async fn sequence(db: &Tx, stored: &Conversation, findings: &mut Findings) -> Ran<()> {
    const SQL: &str =
        "SELECT seq FROM messages WHERE conversation = $1 UNION ALL SELECT seq FROM events WHERE conversation = $1 ORDER BY seq";
    let mut last = 0;
    each(db, SQL, stored.id, |row| {
        let seq = seq(row, 0)?;
        if seq == last {
            findings.note(format!("seq {seq} stands twice in the log"));
        } else if seq != last + 1 {
            findings.note(format!("the log has a gap before seq {seq}, after {last}"));
        }
        last = seq;
        findings.report.events += 1;
        Ok(())
    })
    .await?;
    findings.expect(format_args!("the head"), stored.head, last);
    Ok(())
}

const ORPHANS: &[(&str, &str)] = &[
    ("messages of no conversation", "messages x WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = x.conversation)"),
    ("events of no conversation", "events x WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = x.conversation)"),
    ("members of no conversation", "members x WHERE NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = x.conversation)"),
    ("members who are no users", "members x WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = x.user_id)"),
    ("messages without a sender", "messages x WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = x.sender)"),
    ("events without an actor", "events x WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = x.actor)"),
    (
        "messages that their id does not lead to",
        "messages x WHERE NOT EXISTS (SELECT 1 FROM message_ids i WHERE i.id = x.id AND i.conversation = x.conversation AND i.seq = x.seq
            AND i.created_at = x.created_at)",
    ),
    (
        "ids that lead to no message",
        "message_ids x WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = x.id AND m.conversation = x.conversation AND m.seq = x.seq
            AND m.created_at = x.created_at)",
    ),
    (
        "versions of deleted or missing messages",
        "versions x WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation = x.conversation AND m.seq = x.seq AND m.deleted_at IS NULL)",
    ),
    (
        "reactions to deleted or missing messages",
        "reactions x WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation = x.conversation AND m.seq = x.seq AND m.deleted_at IS NULL)",
    ),
    (
        "workspaces without an owner",
        "workspaces x WHERE NOT EXISTS (SELECT 1 FROM workspace_members m WHERE m.workspace = x.id AND m.role = 3)",
    ),
];

/// What no conversation would miss.
async fn totals(db: &Tx, findings: &mut Findings) -> Ran<()> {
    for (what, from) in ORPHANS {
        let orphans = number(db, from).await?;
        if orphans > 0 {
            findings.note(format!("{orphans} {what}"));
        }
    }
    let (mentions, reactions) = (number(db, "mentions").await?, number(db, "reactions").await?);
    findings.expect(format_args!("the number of mentions"), mentions, findings.mentions);
    findings.expect(format_args!("the number of reactions"), reactions, findings.reactions);
    Ok(())
}

async fn number(db: &Tx, from: &str) -> Ran<u64> {
    single(db, &format!("SELECT count(*) FROM {from}"), &[], |row| count(row, 0)).await
}
