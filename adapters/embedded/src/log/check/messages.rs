//! Messages against the log: what was said, what became of it, and what is counted from it.

use std::collections::HashMap;

use rusqlite::{Connection, Row};
use tertulia_domain::{Content, MessageId, Seq, Timestamp, UserId};

use super::Findings;
use super::ledger::{Ledger, Reactions};
use crate::conversations::Stored;
use crate::messages::mentions::unpack;
use crate::rows::{RowNo, count, id, maybe_id, maybe_time, seq, time, user_row};
use crate::sql::{Ran, all, one};
use tertulia_ports::store::messages::{Fingerprint, fingerprint_of};

struct Checked {
    row: RowNo,
    seq: Seq,
    sender: RowNo,
    thread_root: Option<RowNo>,
    content: Option<String>,
    fingerprint: Fingerprint,
    parents: [Option<MessageId>; 2],
    mentions: Vec<UserId>,
    scope: bool,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    pinned_at: Option<Timestamp>,
    thread: Thread,
    astray: bool,
}

/// How many live replies a message has, and when the last one was written.
type Thread = (u64, Option<Timestamp>);

const MESSAGES: &str = "SELECT m.row, m.seq, m.sender, m.thread_root, m.content, m.fingerprint, p.id, t.id, m.mentions, m.mention_scope IS NOT NULL,
    m.created_at, m.edited_at, m.deleted_at, m.pinned_at, m.thread_count, m.last_reply_at,
    coalesce(t.conversation <> m.conversation OR t.thread_root IS NOT NULL OR t.seq >= m.seq, 0) OR (m.thread_root IS NOT NULL AND t.row IS NULL)
    FROM messages m LEFT JOIN messages p ON p.row = m.reply_to LEFT JOIN messages t ON t.row = m.thread_root
    WHERE m.conversation = ? ORDER BY m.seq";

fn checked(row: &Row<'_>) -> rusqlite::Result<Checked> {
    Ok(Checked {
        row: row.get(0)?,
        seq: seq(row, 1)?,
        sender: row.get(2)?,
        thread_root: row.get(3)?,
        content: row.get(4)?,
        fingerprint: row.get(5)?,
        parents: [maybe_id(row, 6)?, maybe_id(row, 7)?],
        mentions: unpack(row.get_ref(8)?.as_bytes_or_null()?.unwrap_or_default()),
        scope: row.get(9)?,
        created_at: time(row, 10)?,
        edited_at: maybe_time(row, 11)?,
        deleted_at: maybe_time(row, 12)?,
        pinned_at: maybe_time(row, 13)?,
        thread: (count(row, 14)?, maybe_time(row, 15)?),
        astray: row.get(16)?,
    })
}

pub(super) fn compare(db: &Connection, stored: &Stored, ledger: &Ledger, findings: &mut Findings) -> Ran<()> {
    let mut kept: HashMap<RowNo, (Seq, Thread)> = HashMap::new();
    let mut counted: HashMap<RowNo, Thread> = HashMap::new();
    let mut statement = db.prepare_cached(MESSAGES)?;
    let mut rows = statement.query([stored.row])?;
    while let Some(row) = rows.next()? {
        let message = checked(row)?;
        message.check(ledger, findings);
        message.check_mentions(db, stored.row, findings)?;
        if message.thread != (0, None) {
            kept.insert(message.row, (message.seq, message.thread));
        }
        if let Some(root) = message.thread_root {
            let thread = counted.entry(root).or_default();
            thread.0 += u64::from(message.deleted_at.is_none());
            thread.1 = Some(message.created_at);
        }
    }
    for (root, thread) in &counted {
        findings.expect(format_args!("the thread of row {root}"), kept.remove(root).map(|(_, thread)| thread), Some(*thread));
    }
    for (seq, _) in kept.into_values() {
        findings.note(format!("message {seq} counts replies that the log does not have"));
    }
    for (message, reactions) in &ledger.reactions {
        compare_reactions(db, *message, reactions, findings)?;
    }
    Ok(())
}

impl Checked {
    fn check(&self, ledger: &Ledger, findings: &mut Findings) {
        let seq = self.seq;
        findings.expect(format_args!("editedAt of message {seq}"), self.edited_at, ledger.edited.get(&self.row).copied());
        findings.expect(format_args!("deletedAt of message {seq}"), self.deleted_at, ledger.deleted.get(&self.row).copied());
        findings.expect(format_args!("pinnedAt of message {seq}"), self.pinned_at, ledger.pinned.get(&self.row).copied());
        if self.astray {
            findings.note(format!("message {seq} is in a thread that is none"));
        }
        match &self.content {
            None if self.deleted_at.is_none() => findings.note(format!("message {seq} has lost its content")),
            Some(_) if self.deleted_at.is_some() => findings.note(format!("message {seq} is deleted but keeps its content")),
            Some(content) if serde_json::from_str::<Content>(content).is_err() => {
                findings.note(format!("the content of message {seq} cannot be read"))
            }
            Some(content) if self.edited_at.is_none() && fingerprint_of(self.parents, content.as_bytes()) != self.fingerprint => {
                findings.note(format!("message {seq} is not what was sent"));
            }
            _ => {}
        }
        if self.deleted_at.is_some() && (self.scope || !self.mentions.is_empty()) {
            findings.note(format!("message {seq} is deleted but keeps its mentions"));
        }
    }

    fn check_mentions(&self, db: &Connection, conversation: RowNo, findings: &mut Findings) -> Ran<()> {
        const SQL: &str = "SELECT 1 FROM mentions WHERE user = ? AND conversation = ? AND seq = ?";
        let mut named = Vec::new();
        for &user in &self.mentions {
            if let Some(row) = user_row(db, user)?.filter(|row| *row != self.sender && !named.contains(row)) {
                named.push(row);
                if one(db, SQL, (row, conversation, self.seq.cast_signed()), crate::rows::first::<i64>)?.is_none() {
                    findings.note(format!("the mention of {user} in message {} does not count", self.seq));
                }
            }
        }
        findings.mentions += u64::try_from(named.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

fn compare_reactions(db: &Connection, message: RowNo, log: &Reactions, findings: &mut Findings) -> Ran<()> {
    const SQL: &str = "SELECT r.emoji, u.id FROM reactions r JOIN users u ON u.row = r.user WHERE r.message = ? ORDER BY r.place, r.row";
    let mut stored: Reactions = Vec::new();
    for (emoji, user) in all(db, SQL, [message], |row| Ok((row.get::<_, String>(0)?, id(row, 1)?)))? {
        match stored.last_mut() {
            Some((last, users)) if *last == emoji => users.push(user),
            _ => stored.push((emoji, vec![user])),
        }
    }
    if stored != *log {
        findings.note(format!("the reactions to the message of row {message} are not those of the log"));
    }
    findings.reactions += log.iter().map(|(_, users)| u64::try_from(users.len()).unwrap_or(u64::MAX)).sum::<u64>();
    Ok(())
}
