//! Messages against the log: what was said, what became of it, and what is counted from it.

use std::collections::{HashMap, HashSet};

use tertulia_domain::{Content, ConversationId, MessageId, Timestamp, UserId};
use tokio_postgres::Row;

use super::ledger::{Ledger, Reactions};
use super::{Findings, each};
use crate::messages::mentions::unpack;
use crate::rows::{count, get, id, maybe_id, maybe_time, time};
use crate::sql::{Ran, Tx};
use tertulia_ports::store::messages::fingerprint_of;

struct Checked {
    seq: i64,
    sender: UserId,
    thread_root: Option<i64>,
    content: Option<String>,
    fingerprint: Vec<u8>,
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

const MESSAGES: &str =
    "SELECT m.seq, m.sender, m.thread_root, m.content, m.fingerprint, p.id, t.id, m.mentions, m.mention_scope IS NOT NULL,
    m.created_at, m.edited_at, m.deleted_at, m.pinned_at, m.thread_count, m.last_reply_at,
    m.thread_root IS NOT NULL AND (r.seq IS NULL OR r.thread_root IS NOT NULL OR r.seq >= m.seq)
    FROM messages m LEFT JOIN message_ids p ON p.conversation = m.conversation AND p.seq = m.reply_to
    LEFT JOIN message_ids t ON t.conversation = m.conversation AND t.seq = m.thread_root
    LEFT JOIN messages r ON r.conversation = m.conversation AND r.seq = m.thread_root
    WHERE m.conversation = $1 ORDER BY m.seq";

fn checked(row: &Row) -> Ran<Checked> {
    Ok(Checked {
        seq: get(row, 0)?,
        sender: id(row, 1)?,
        thread_root: get(row, 2)?,
        content: get(row, 3)?,
        fingerprint: get(row, 4)?,
        parents: [maybe_id(row, 5)?, maybe_id(row, 6)?],
        mentions: unpack(get::<Option<&[u8]>>(row, 7)?.unwrap_or_default()),
        scope: get(row, 8)?,
        created_at: time(row, 9)?,
        edited_at: maybe_time(row, 10)?,
        deleted_at: maybe_time(row, 11)?,
        pinned_at: maybe_time(row, 12)?,
        thread: (count(row, 13)?, maybe_time(row, 14)?),
        astray: get(row, 15)?,
    })
}

pub(super) async fn compare(db: &Tx, conversation: ConversationId, ledger: &Ledger, findings: &mut Findings) -> Ran<()> {
    let named = Named::read(db, conversation).await?;
    let mut kept: HashMap<i64, Thread> = HashMap::new();
    let mut counted: HashMap<i64, Thread> = HashMap::new();
    each(db, MESSAGES, conversation, |row| {
        let message = checked(row)?;
        message.check(ledger, findings);
        message.check_mentions(&named, findings);
        if message.thread != (0, None) {
            kept.insert(message.seq, message.thread);
        }
        if let Some(root) = message.thread_root {
            let thread = counted.entry(root).or_default();
            thread.0 += u64::from(message.deleted_at.is_none());
            thread.1 = Some(message.created_at);
        }
        Ok(())
    })
    .await?;
    for (root, thread) in &counted {
        findings.expect(format_args!("the thread of message {root}"), kept.remove(root), Some(*thread));
    }
    for seq in kept.into_keys() {
        findings.note(format!("message {seq} counts replies that the log does not have"));
    }
    compare_reactions(db, conversation, ledger, findings).await
}

/// Who may count as mentioned, and who does.
struct Named {
    users: HashSet<UserId>,
    counted: HashSet<(UserId, i64)>,
}

impl Named {
    async fn read(db: &Tx, conversation: ConversationId) -> Ran<Self> {
        // Everybody named who is a user, out of the bytes that stand with the messages.
        const USERS: &str = "SELECT u.id FROM users u WHERE u.id IN (SELECT encode(substr(m.mentions, n, 16), 'hex')::uuid
            FROM messages m CROSS JOIN LATERAL generate_series(1, length(m.mentions), 16) AS n
            WHERE m.conversation = $1 AND m.mentions IS NOT NULL)";
        let (mut users, mut counted) = (HashSet::new(), HashSet::new());
        each(db, USERS, conversation, |row| {
            users.insert(id(row, 0)?);
            Ok(())
        })
        .await?;
        each(db, "SELECT user_id, seq FROM mentions WHERE conversation = $1", conversation, |row| {
            counted.insert((id(row, 0)?, get(row, 1)?));
            Ok(())
        })
        .await?;
        Ok(Self { users, counted })
    }
}

impl Checked {
    fn check(&self, ledger: &Ledger, findings: &mut Findings) {
        let seq = self.seq;
        findings.expect(format_args!("editedAt of message {seq}"), self.edited_at, ledger.edited.get(&seq).copied());
        findings.expect(format_args!("deletedAt of message {seq}"), self.deleted_at, ledger.deleted.get(&seq).copied());
        findings.expect(format_args!("pinnedAt of message {seq}"), self.pinned_at, ledger.pinned.get(&seq).copied());
        if self.astray {
            findings.note(format!("message {seq} is in a thread that is none"));
        }
        match &self.content {
            None if self.deleted_at.is_none() => findings.note(format!("message {seq} has lost its content")),
            Some(_) if self.deleted_at.is_some() => findings.note(format!("message {seq} is deleted but keeps its content")),
            Some(content) if serde_json::from_str::<Content>(content).is_err() => {
                findings.note(format!("the content of message {seq} cannot be read"))
            }
            Some(content) if self.edited_at.is_none() && fingerprint_of(self.parents, content.as_bytes()) != *self.fingerprint => {
                findings.note(format!("message {seq} is not what was sent"));
            }
            _ => {}
        }
        if self.deleted_at.is_some() && (self.scope || !self.mentions.is_empty()) {
            findings.note(format!("message {seq} is deleted but keeps its mentions"));
        }
    }

    fn check_mentions(&self, named: &Named, findings: &mut Findings) {
        let others: HashSet<UserId> =
            self.mentions.iter().copied().filter(|user| *user != self.sender && named.users.contains(user)).collect();
        for user in &others {
            if !named.counted.contains(&(*user, self.seq)) {
                findings.note(format!("the mention of {user} in message {} does not count", self.seq));
            }
        }
        findings.mentions += u64::try_from(others.len()).unwrap_or(u64::MAX);
    }
}

async fn compare_reactions(db: &Tx, conversation: ConversationId, ledger: &Ledger, findings: &mut Findings) -> Ran<()> {
    const SQL: &str = "SELECT seq, emoji, user_id FROM reactions WHERE conversation = $1 ORDER BY seq, place, since";
    let mut stored: HashMap<i64, Reactions> = HashMap::new();
    each(db, SQL, conversation, |row| {
        let (emoji, user): (String, UserId) = (get(row, 1)?, id(row, 2)?);
        let reactions = stored.entry(get(row, 0)?).or_default();
        match reactions.last_mut() {
            Some((last, users)) if *last == emoji => users.push(user),
            _ => reactions.push((emoji, vec![user])),
        }
        Ok(())
    })
    .await?;
    for (message, log) in &ledger.reactions {
        if stored.remove(message).unwrap_or_default() != *log {
            findings.note(format!("the reactions to message {message} are not those of the log"));
        }
        findings.reactions += log.iter().map(|(_, users)| u64::try_from(users.len()).unwrap_or(u64::MAX)).sum::<u64>();
    }
    Ok(())
}
