//! Columns to values, and the conversation that somebody acts in.

use futures_util::future::try_join;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::{ConversationId, Refusal, Seq, Timestamp, User, UserId};
use tertulia_ports::StoreError;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::sql::{Fault, Ran, Tx, exec, is_there, one, single};

pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Ran<T> {
    Ok(row.try_get(column)?)
}

pub(crate) fn id<T: From<Uuid>>(row: &Row, column: usize) -> Ran<T> {
    get::<Uuid>(row, column).map(T::from)
}

pub(crate) fn maybe_id<T: From<Uuid>>(row: &Row, column: usize) -> Ran<Option<T>> {
    Ok(get::<Option<Uuid>>(row, column)?.map(T::from))
}

pub(crate) fn time(row: &Row, column: usize) -> Ran<Timestamp> {
    moment(get(row, column)?)
}

pub(crate) fn maybe_time(row: &Row, column: usize) -> Ran<Option<Timestamp>> {
    get::<Option<i64>>(row, column)?.map(moment).transpose()
}

fn moment(ms: i64) -> Ran<Timestamp> {
    Timestamp::from_millis(ms).ok_or_else(|| Fault::Broken(format!("{ms} is no time")))
}

/// A number that is never negative.
pub(crate) fn count<T: TryFrom<i64>>(row: &Row, column: usize) -> Ran<T> {
    let number: i64 = get(row, column)?;
    T::try_from(number).map_err(|_| Fault::Broken(format!("{number} is no count")))
}

pub(crate) fn seq(row: &Row, column: usize) -> Ran<Seq> {
    count(row, column)
}

/// For comparisons: no stored one is greater than this can say.
pub(crate) fn stored_seq(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Back from [`stored_seq`]; a stored one is never negative.
pub(crate) fn seq_of(stored: i64) -> Ran<Seq> {
    Seq::try_from(stored).map_err(|_| Fault::Broken(format!("{stored} is no seq")))
}

/// An empty text takes away.
pub(crate) fn nonempty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

pub(crate) const USER_COLUMNS: &str = "u.id, u.username, u.display_name, u.avatar_url, u.password_hash IS NULL, u.created_at";

/// From [`USER_COLUMNS`], beginning at column `at`.
pub(crate) fn user(row: &Row, at: usize) -> Ran<User> {
    Ok(User {
        id: id(row, at)?,
        username: get(row, at + 1)?,
        display_name: get(row, at + 2)?,
        avatar_url: get(row, at + 3)?,
        imported: get(row, at + 4)?,
        created_at: time(row, at + 5)?,
    })
}

/// `NOT_FOUND` where there is none.
pub(crate) async fn need_user(db: &Tx, id: UserId) -> Ran<()> {
    if is_there(db, "SELECT 1 FROM users WHERE id = $1", &[&id.0]).await? { Ok(()) } else { Err(missing()) }
}

pub(crate) fn missing() -> Fault {
    Fault::Refused(Refusal::not_found())
}

/// A conversation that somebody acts in, within one transaction.
pub(crate) struct Here {
    pub(crate) id: ConversationId,
    /// Kept up to date by [`Here::record`].
    pub(crate) head: i64,
    pub(crate) epoch: String,
    pub(crate) actor: UserId,
}

const STANDING: &str = "SELECT EXISTS (SELECT 1 FROM members WHERE conversation = $1 AND user_id = $2),
    EXISTS (SELECT 1 FROM users WHERE id = $2)";

impl Here {
    /// For a change: locks the conversation until the transaction ends, then checks what a grant promises. The conversation and the
    /// actor exist, and belong together where they must.
    pub(crate) async fn enter(db: &Tx, grant: Grant) -> Ran<Self> {
        Self::lock(db, grant.conversation(), grant.actor(), grant.needs_membership()).await?.ok_or_else(missing)
    }

    /// As [`Here::enter`]; none where one of them does not exist, or (where needed) is not a member.
    pub(crate) async fn lock(db: &Tx, id: ConversationId, actor: UserId, member_only: bool) -> Ran<Option<Self>> {
        const LOCK: &str = "SELECT head, epoch FROM conversations WHERE id = $1 FOR UPDATE";
        let (lock, standing) = (db.prepare_cached(LOCK).await?, db.prepare_cached(STANDING).await?);
        // Both are prepared, so they go out in this order: who is a member is read once the lock is held.
        let (found, who) = try_join(db.query_opt(&lock, &[&id.0]), db.query_one(&standing, &[&id.0, &actor.0])).await?;
        let (is_member, is_user): (bool, bool) = (get(&who, 0)?, get(&who, 1)?);
        let Some(found) = found.filter(|_| is_user && (is_member || !member_only)) else { return Ok(None) };
        Ok(Some(Self { id, head: get(&found, 0)?, epoch: get(&found, 1)?, actor }))
    }

    /// As [`Here::enter`], for reading: locks nothing.
    pub(crate) async fn look(db: &Tx, grant: Grant) -> Ran<Self> {
        let (id, actor) = (grant.conversation(), grant.actor());
        let (found, (is_member, is_user)) = try_join(
            one(db, "SELECT head, epoch FROM conversations WHERE id = $1", &[&id.0], |row| {
                Ok(Self { id, head: get(row, 0)?, epoch: get(row, 1)?, actor })
            }),
            single(db, STANDING, &[&id.0, &actor.0], |row| Ok((get::<bool>(row, 0)?, get::<bool>(row, 1)?))),
        )
        .await?;
        found.filter(|_| is_user && (is_member || !grant.needs_membership())).ok_or_else(missing)
    }

    /// Puts an event into the log, except `message.new`. `message`: the `seq` of the one that it is about.
    pub(crate) async fn record(&mut self, db: &Tx, message: Option<i64>, at: Timestamp, body: EventBody) -> Ran<Event> {
        const HEAD: &str = "UPDATE conversations SET head = $2 WHERE id = $1";
        const EVENT: &str = "INSERT INTO events (conversation, seq, actor, at, message, body) VALUES ($1, $2, $3, $4, $5, $6)";
        self.head += 1;
        let stored = match &body {
            EventBody::MessageUpdated(_) => None,
            body => Some(serde_json::to_string(body)?),
        };
        try_join(
            exec(db, HEAD, &[&self.id.0, &self.head]),
            exec(db, EVENT, &[&self.id.0, &self.head, &self.actor.0, &at.as_millis(), &message, &stored]),
        )
        .await?;
        Ok(Event { conversation_id: self.id, seq: self.seq()?, actor_id: self.actor, at, body })
    }

    /// The newest `seq`.
    pub(crate) fn seq(&self) -> Ran<Seq> {
        seq_of(self.head)
    }
}

/// As [`missing`], for who answers the caller.
pub(crate) fn not_found() -> StoreError {
    StoreError::Refused(Refusal::not_found())
}
