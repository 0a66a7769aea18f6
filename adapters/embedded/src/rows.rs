//! Columns to values, and ids to row numbers.

use rusqlite::types::FromSql;
use rusqlite::{Connection, Row};
use tertulia_domain::access::Grant;
use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::{ConversationId, Refusal, Seq, Timestamp, User, UserId};
use uuid::Uuid;

use crate::sql::{Fault, Ran, exec, one};

/// A row number.
pub(crate) type RowNo = i64;

pub(crate) fn id<T: From<Uuid>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    Ok(Uuid::from_bytes(row.get(column)?).into())
}

pub(crate) fn maybe_id<T: From<Uuid>>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let bytes: Option<[u8; 16]> = row.get(column)?;
    Ok(bytes.map(|bytes| Uuid::from_bytes(bytes).into()))
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let ms = row.get(column)?;
    Timestamp::from_millis(ms).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, ms))
}

pub(crate) fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => time(row, column).map(Some),
        None => Ok(None),
    }
}

/// A number that is never negative.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let number = row.get(column)?;
    T::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(crate) fn seq(row: &Row<'_>, column: usize) -> rusqlite::Result<Seq> {
    count(row, column)
}

pub(crate) fn first<T: FromSql>(row: &Row<'_>) -> rusqlite::Result<T> {
    row.get(0)
}

/// For comparisons: no stored one is greater than this can say.
pub(crate) fn stored_seq(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// An empty text takes away.
pub(crate) fn nonempty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

pub(crate) const USER_COLUMNS: &str = "u.id, u.username, u.display_name, u.avatar_url, u.password_hash IS NULL, u.created_at";

/// From [`USER_COLUMNS`], beginning at column `at`.
pub(crate) fn user(row: &Row<'_>, at: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: id(row, at)?,
        username: row.get(at + 1)?,
        display_name: row.get(at + 2)?,
        avatar_url: row.get(at + 3)?,
        imported: row.get(at + 4)?,
        created_at: time(row, at + 5)?,
    })
}

pub(crate) fn user_row(db: &Connection, id: UserId) -> Ran<Option<RowNo>> {
    one(db, "SELECT row FROM users WHERE id = ?", [id.as_bytes()], first)
}

/// `NOT_FOUND` where there is none.
pub(crate) fn need_user(db: &Connection, id: UserId) -> Ran<RowNo> {
    user_row(db, id)?.ok_or_else(missing)
}

pub(crate) fn missing() -> Fault {
    Fault::Refused(Refusal::not_found())
}

/// A conversation that somebody acts in, within one transaction.
pub(crate) struct Here {
    pub(crate) row: RowNo,
    pub(crate) id: ConversationId,
    /// Kept up to date by [`Here::record`].
    pub(crate) head: i64,
    pub(crate) epoch: String,
    pub(crate) actor: RowNo,
    pub(crate) actor_id: UserId,
}

const HERE: &str = "SELECT c.row, c.head, c.epoch, u.row,
    EXISTS (SELECT 1 FROM members m WHERE m.conversation = c.row AND m.user = u.row)
    FROM conversations c, users u WHERE c.id = ? AND u.id = ?";

impl Here {
    /// Checks what a grant promises: the conversation and the actor exist, and belong together where they must.
    pub(crate) fn enter(db: &Connection, grant: Grant) -> Ran<Self> {
        Self::load(db, grant.conversation(), grant.actor(), grant.needs_membership())?.ok_or_else(missing)
    }

    /// None where one of them does not exist, or (where needed) is not a member.
    pub(crate) fn load(db: &Connection, conversation: ConversationId, actor: UserId, member_only: bool) -> Ran<Option<Self>> {
        let here = one(db, HERE, (conversation.as_bytes(), actor.as_bytes()), |row| {
            let is_member: bool = row.get(4)?;
            let here =
                Self { row: row.get(0)?, id: conversation, head: row.get(1)?, epoch: row.get(2)?, actor: row.get(3)?, actor_id: actor };
            Ok((here, is_member))
        })?;
        Ok(here.filter(|(_, is_member)| *is_member || !member_only).map(|(here, _)| here))
    }

    /// Puts an event into the log, except `message.new`. `message`: the row that it is about.
    pub(crate) fn record(&mut self, db: &Connection, message: Option<RowNo>, at: Timestamp, body: EventBody) -> Ran<Event> {
        self.head += 1;
        let stored = match &body {
            EventBody::MessageUpdated(_) => None,
            body => Some(serde_json::to_string(body)?),
        };
        exec(db, "UPDATE conversations SET head = ?2 WHERE row = ?1", (self.row, self.head))?;
        let event = (self.row, self.head, self.actor, at.as_millis(), message, stored);
        exec(db, "INSERT INTO events (conversation, seq, actor, at, message, body) VALUES (?, ?, ?, ?, ?, ?)", event)?;
        Ok(Event { conversation_id: self.id, seq: self.seq()?, actor_id: self.actor_id, at, body })
    }

    /// The newest `seq`.
    pub(crate) fn seq(&self) -> Ran<Seq> {
        Seq::try_from(self.head).map_err(|_| Fault::Broken(format!("head {} of {}", self.head, self.id)))
    }

    pub(crate) fn has_member(&self, db: &Connection, user: RowNo) -> Ran<bool> {
        is_member(db, self.row, user)
    }
}

pub(crate) fn is_member(db: &Connection, conversation: RowNo, user: RowNo) -> Ran<bool> {
    Ok(one(db, "SELECT 1 FROM members WHERE conversation = ? AND user = ?", (conversation, user), first::<i64>)?.is_some())
}
