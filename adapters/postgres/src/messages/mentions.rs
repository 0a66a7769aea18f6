//! Who is named: as bytes with the message, for showing it, and as rows of their own, for counting.

use tertulia_domain::UserId;
use uuid::Uuid;

use super::load::Target;
use crate::rows::Here;
use crate::sql::{Ran, Tx, exec};

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
pub(super) async fn add(db: &Tx, here: &Here, target: &Target, mentions: &[UserId]) -> Ran<()> {
    const SQL: &str = "INSERT INTO mentions (user_id, conversation, seq) SELECT id, $2, $3 FROM users WHERE id = ANY($1) AND id <> $4
        ON CONFLICT DO NOTHING";
    if mentions.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = mentions.iter().map(|user| user.0).collect();
    exec(db, SQL, &[&users, &here.id.0, &target.seq, &target.sender]).await?;
    Ok(())
}

/// Takes away what it named until now.
pub(super) async fn remove(db: &Tx, here: &Here, target: &Target) -> Ran<()> {
    const SQL: &str = "DELETE FROM mentions WHERE user_id = ANY($1) AND conversation = $2 AND seq = $3";
    if target.message.mentions.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = target.message.mentions.iter().map(|user| user.0).collect();
    exec(db, SQL, &[&users, &here.id.0, &target.seq]).await?;
    Ok(())
}
