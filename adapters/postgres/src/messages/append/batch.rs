//! The rows of many messages, a column each, so that one statement writes them all.

use futures_util::future::{join, join3, join4};
use tertulia_domain::{ConversationId, MessageId, Timestamp, UserId};
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::super::mentions;
use super::Item;
use crate::codes::Coded;
use crate::sql::{Fault, Params, Ran, Tx, unknown};

/// A read watermark that moves along.
pub(super) struct Follow {
    pub(super) conversation: ConversationId,
    pub(super) user: UserId,
    /// Where it was read; marked back meanwhile, it stays there.
    pub(super) was: i64,
    pub(super) seq: i64,
    pub(super) at: Timestamp,
}

/// What a batch writes.
#[derive(Default)]
pub(super) struct Rows {
    messages: Messages,
    mentions: Mentions,
    heads: Heads,
    threads: Threads,
    follows: Follows,
}

#[derive(Default)]
struct Mentions {
    user: Vec<Uuid>,
    conversation: Vec<Uuid>,
    seq: Vec<i64>,
}

#[derive(Default)]
struct Heads {
    conversation: Vec<Uuid>,
    head: Vec<i64>,
    last_message_at: Vec<Option<i64>>,
}

/// Of roots: their conversation, `seq` and time, how many replies came, and when the last one.
#[derive(Default)]
struct Threads {
    conversation: Vec<Uuid>,
    seq: Vec<i64>,
    created_at: Vec<i64>,
    more: Vec<i64>,
    last: Vec<i64>,
}

#[derive(Default)]
struct Follows {
    conversation: Vec<Uuid>,
    user: Vec<Uuid>,
    was: Vec<i64>,
    seq: Vec<i64>,
    at: Vec<i64>,
}

#[derive(Default)]
struct Messages {
    conversation: Vec<Uuid>,
    seq: Vec<i64>,
    created_at: Vec<i64>,
    id: Vec<Uuid>,
    sender: Vec<Uuid>,
    thread_root: Vec<Option<i64>>,
    reply_to: Vec<Option<i64>>,
    content: Vec<String>,
    fingerprint: Vec<Vec<u8>>,
    mentions: Vec<Option<Vec<u8>>>,
    mention_scope: Vec<Option<i16>>,
    priority: Vec<i16>,
    expires_at: Vec<Option<i64>>,
}

const MESSAGES: &str =
    "INSERT INTO messages (conversation, seq, created_at, id, sender, thread_root, reply_to, content, fingerprint, mentions,
    mention_scope, priority, expires_at) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[],
    $7::bigint[], $8::text[], $9::bytea[], $10::bytea[], $11::smallint[], $12::smallint[], $13::bigint[])";
const IDS: &str =
    "INSERT INTO message_ids (conversation, seq, created_at, id) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[])";
const MENTIONS: &str = "INSERT INTO mentions (user_id, conversation, seq) SELECT u.id, w.conversation, w.seq
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS w(user_id, conversation, seq) JOIN users u ON u.id = w.user_id ON CONFLICT DO NOTHING";
const HEADS: &str = "UPDATE conversations c SET head = w.head, last_message_at = w.at
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS w(id, head, at) WHERE c.id = w.id";
const THREADS: &str = "UPDATE messages m SET thread_count = m.thread_count + w.more, last_reply_at = w.at
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS w(conversation, seq, created_at, more, at)
    WHERE m.conversation = w.conversation AND m.seq = w.seq AND m.created_at = w.created_at";
const FOLLOWS: &str = "UPDATE members m SET read_seq = w.seq, delivered_seq = w.seq, read_at = w.at, delivered_at = w.at
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) AS w(conversation, user_id, was, seq, at)
    WHERE m.conversation = w.conversation AND m.user_id = w.user_id AND m.read_seq = w.was";

impl Rows {
    pub(super) fn add(&mut self, item: &Item, id: MessageId, seq: i64, reply_to: Option<i64>, thread_root: Option<i64>) {
        let (draft, conversation) = (&item.draft, item.grant.conversation().0);
        let columns = &mut self.messages;
        columns.conversation.push(conversation);
        columns.seq.push(seq);
        columns.created_at.push(draft.at.as_millis());
        columns.id.push(id.0);
        columns.sender.push(item.sender.0);
        columns.thread_root.push(thread_root);
        columns.reply_to.push(reply_to);
        columns.content.push(item.json.clone());
        columns.fingerprint.push(item.fingerprint.to_vec());
        columns.mentions.push(mentions::pack(&draft.mentions));
        columns.mention_scope.push(draft.mention_scope.map(|scope| Coded(scope).number()));
        columns.priority.push(Coded(draft.priority).number());
        columns.expires_at.push(draft.expires_at.map(Timestamp::as_millis));
        for user in draft.mentions.iter().filter(|user| **user != item.sender) {
            self.mentions.user.push(user.0);
            self.mentions.conversation.push(conversation);
            self.mentions.seq.push(seq);
        }
    }

    pub(super) fn advance(&mut self, conversation: ConversationId, head: i64, last_message_at: Option<i64>) {
        self.heads.conversation.push(conversation.0);
        self.heads.head.push(head);
        self.heads.last_message_at.push(last_message_at);
    }

    /// `root`: its conversation, `seq` and time.
    pub(super) fn grow_thread(&mut self, root: (ConversationId, i64, Timestamp), more: i64, last: Timestamp) {
        self.threads.conversation.push(root.0.0);
        self.threads.seq.push(root.1);
        self.threads.created_at.push(root.2.as_millis());
        self.threads.more.push(more);
        self.threads.last.push(last.as_millis());
    }

    pub(super) fn follow(&mut self, follow: Follow) {
        self.follows.conversation.push(follow.conversation.0);
        self.follows.user.push(follow.user.0);
        self.follows.was.push(follow.was);
        self.follows.seq.push(follow.seq);
        self.follows.at.push(follow.at.as_millis());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.id.is_empty()
    }

    /// In one round trip; with `COMMIT` as its end, where `commit`.
    pub(super) async fn write(&self, db: &Tx, commit: bool) -> Ran<()> {
        if self.is_empty() {
            return Ok(());
        }
        let m = &self.messages;
        let (mentions, heads, threads, follows) = (&self.mentions, &self.heads, &self.threads, &self.follows);
        for sql in [MESSAGES, IDS, HEADS] {
            db.prepare_cached(sql).await?;
        }
        for (sql, is_needed) in [
            (MENTIONS, !mentions.user.is_empty()),
            (THREADS, !threads.conversation.is_empty()),
            (FOLLOWS, !follows.conversation.is_empty()),
        ] {
            if is_needed {
                db.prepare_cached(sql).await?;
            }
        }
        let rows: [&(dyn ToSql + Sync); 13] = [
            &m.conversation,
            &m.seq,
            &m.created_at,
            &m.id,
            &m.sender,
            &m.thread_root,
            &m.reply_to,
            &m.content,
            &m.fingerprint,
            &m.mentions,
            &m.mention_scope,
            &m.priority,
            &m.expires_at,
        ];
        // All are prepared, so they go out in this order, and the commit is the last.
        let ((messages, ids, mentions, threads), (heads, follows, end)) = join(
            join4(
                run(db, MESSAGES, &rows, true),
                run(db, IDS, &[&m.conversation, &m.seq, &m.created_at, &m.id], true),
                run(db, MENTIONS, &[&mentions.user, &mentions.conversation, &mentions.seq], !mentions.user.is_empty()),
                run(
                    db,
                    THREADS,
                    &[&threads.conversation, &threads.seq, &threads.created_at, &threads.more, &threads.last],
                    !threads.conversation.is_empty(),
                ),
            ),
            join3(
                run(db, HEADS, &[&heads.conversation, &heads.head, &heads.last_message_at], true),
                run(
                    db,
                    FOLLOWS,
                    &[&follows.conversation, &follows.user, &follows.was, &follows.seq, &follows.at],
                    !follows.conversation.is_empty(),
                ),
                finish(db, commit),
            ),
        )
        .await;
        let failed = [messages, ids, mentions, threads, heads, follows].into_iter().find_map(Result::err);
        settle(db, failed, end, commit)
    }
}

/// Where a statement failed, the `COMMIT` that was sent behind it rolled back; without any word from the server, nobody knows.
fn settle(db: &Tx, failed: Option<Error>, end: Result<(), Error>, commit: bool) -> Ran<()> {
    match (failed, end) {
        (None, Ok(())) => {
            if commit {
                db.committed();
            }
            Ok(())
        }
        (Some(error), _) if !commit || error.as_db_error().is_some() => Err(Fault::Sql(error)),
        (Some(error), _) | (None, Err(error)) => Err(unknown(error)),
    }
}

async fn run(db: &Tx, sql: &'static str, params: Params<'_>, is_needed: bool) -> Result<(), Error> {
    if is_needed {
        let statement = db.prepare_cached(sql).await?;
        db.execute(&statement, params).await?;
    }
    Ok(())
}

async fn finish(db: &Tx, commit: bool) -> Result<(), Error> {
    if commit { db.batch_execute("COMMIT").await } else { Ok(()) }
}
