//! Who is named: as bytes with the message, for showing it, and as rows of their own, for counting.

use rusqlite::Connection;
use tertulia_domain::UserId;
use uuid::Uuid;

use crate::rows::{Here, RowNo, user_row};
use crate::sql::{Ran, exec};

/// None where nobody is.
pub(super) fn pack(mentions: &[UserId]) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = mentions.iter().flat_map(|user| *user.as_bytes()).collect();
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

pub(crate) fn unpack(bytes: &[u8]) -> Vec<UserId> {
    let (ids, _) = bytes.as_chunks::<16>();
    ids.iter().map(|id| UserId(Uuid::from_bytes(*id))).collect()
}

/// Counts for everybody named but the sender.
pub(super) fn add(db: &Connection, here: &Here, seq: i64, sender: RowNo, mentions: &[UserId]) -> Ran<()> {
    for &user in mentions {
        if let Some(user) = user_row(db, user)?.filter(|user| *user != sender) {
            exec(db, "INSERT OR IGNORE INTO mentions (user, conversation, seq) VALUES (?, ?, ?)", (user, here.row, seq))?;
        }
    }
    Ok(())
}

pub(super) fn remove(db: &Connection, here: &Here, seq: i64, mentions: &[UserId]) -> Ran<()> {
    for &user in mentions {
        if let Some(user) = user_row(db, user)? {
            exec(db, "DELETE FROM mentions WHERE user = ? AND conversation = ? AND seq = ?", (user, here.row, seq))?;
        }
    }
    Ok(())
}
