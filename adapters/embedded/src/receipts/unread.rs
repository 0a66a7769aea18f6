//! Counts derived from log and watermark, by indexes alone.

use std::collections::HashMap;

use rusqlite::Connection;
use tertulia_domain::conversation::{UNREAD_MAX, Unread};
use tertulia_domain::{Seq, Timestamp};

use crate::rows::{self, RowNo, seq, stored_seq};
use crate::sql::{Ran, all, single};

const MESSAGES: &str = "SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY messages_by_seq
    WHERE conversation = ?1 AND seq > ?2 AND thread_root IS NULL AND sender <> ?3 AND deleted_at IS NULL LIMIT ?4)";

// A message that names somebody and @channel as well counts once.
const MENTIONS: &str = "SELECT count(*) FROM (
    SELECT seq FROM mentions WHERE user = ?3 AND conversation = ?1 AND seq > ?2
    UNION
    SELECT seq FROM messages INDEXED BY scope_mentions WHERE conversation = ?1 AND seq > ?2 AND sender <> ?3 AND mention_scope IS NOT NULL
    LIMIT ?4)";

/// For one member of a conversation.
pub(crate) fn count(db: &Connection, conversation: RowNo, user: RowNo, read: Seq) -> Ran<Unread> {
    Ok(Unread { unread_count: messages(db, conversation, user, read)?, mention_count: mentions(db, conversation, user, read)? })
}

fn messages(db: &Connection, conversation: RowNo, user: RowNo, read: Seq) -> Ran<u32> {
    single(db, MESSAGES, (conversation, stored_seq(read), user, UNREAD_MAX), |row| rows::count(row, 0))
}

fn mentions(db: &Connection, conversation: RowNo, user: RowNo, read: Seq) -> Ran<u32> {
    single(db, MENTIONS, (conversation, stored_seq(read), user, UNREAD_MAX), |row| rows::count(row, 0))
}

/// For many members of the same conversations, within one snapshot: what several of them have not read is read once.
#[derive(Default)]
pub(super) struct Counts {
    tails: HashMap<RowNo, Tail>,
}

/// The newest messages of a conversation that can be unread.
struct Tail {
    /// How far it has to go back.
    after: Seq,
    /// With their senders, newest first.
    messages: Vec<(Seq, RowNo)>,
}

/// Messages in a tail. Who wrote so many of these themselves that older ones matter is counted alone.
const TAIL_MAX: u32 = UNREAD_MAX + 200;

impl Counts {
    /// Somebody who has read so far in a conversation will be asked for.
    pub(super) fn expect(&mut self, conversation: RowNo, read: Seq) {
        let tail = self.tails.entry(conversation).or_insert(Tail { after: read, messages: Vec::new() });
        tail.after = tail.after.min(read);
    }

    /// To be called once everybody is expected.
    pub(super) fn read(&mut self, db: &Connection) -> Ran<()> {
        const SQL: &str = "SELECT seq, sender FROM messages INDEXED BY messages_by_seq
            WHERE conversation = ? AND seq > ? AND thread_root IS NULL AND deleted_at IS NULL ORDER BY seq DESC LIMIT ?";
        for (conversation, tail) in &mut self.tails {
            tail.messages = all(db, SQL, (*conversation, stored_seq(tail.after), TAIL_MAX), |row| Ok((seq(row, 0)?, row.get(1)?)))?;
        }
        Ok(())
    }

    pub(super) fn unread(&self, db: &Connection, conversation: RowNo, user: RowNo, read: Seq) -> Ran<Unread> {
        Ok(Unread { unread_count: self.messages(db, conversation, user, read)?, mention_count: mentions(db, conversation, user, read)? })
    }

    /// Unread messages over all conversations of somebody that are not muted.
    pub(super) fn total(&self, db: &Connection, user: RowNo, now: Timestamp) -> Ran<u32> {
        const SQL: &str = "SELECT c.row, m.read_seq FROM members m JOIN conversations c ON c.row = m.conversation
            WHERE m.user = ? AND c.head > m.read_seq AND coalesce(m.muted_until, 0) <= ?";
        let mut total = 0_u32;
        for (conversation, read) in all(db, SQL, (user, now.as_millis()), |row| Ok((row.get::<_, RowNo>(0)?, seq(row, 1)?)))? {
            total = total.saturating_add(self.messages(db, conversation, user, read)?);
        }
        Ok(total)
    }

    fn messages(&self, db: &Connection, conversation: RowNo, user: RowNo, read: Seq) -> Ran<u32> {
        match self.tails.get(&conversation).and_then(|tail| tail.count(user, read)) {
            Some(count) => Ok(count),
            None => messages(db, conversation, user, read),
        }
    }
}

impl Tail {
    /// None where it does not go back far enough to tell.
    fn count(&self, user: RowNo, read: Seq) -> Option<u32> {
        let mut count = 0;
        for (seq, sender) in &self.messages {
            if *seq <= read || count == UNREAD_MAX {
                return Some(count);
            }
            count += u32::from(*sender != user);
        }
        let is_whole = self.after <= read && self.messages.len() < TAIL_MAX as usize;
        (is_whole || count == UNREAD_MAX).then_some(count)
    }
}
