//! Writing messages: dedup, parents, `seq`, rows; many to a commit.

mod batch;
mod decide;
mod lane;

use tertulia_domain::access::Grant;
use tertulia_domain::{Code, Refusal, UserId};
use tertulia_ports::store::messages::{Appended, Draft, Fingerprint, fingerprint_of};
use tertulia_ports::{StoreError, StoreResult};

use crate::rows::Here;
use crate::sql::{Ran, Tx};
use decide::{Known, decide};

pub(crate) use lane::Lanes;

/// A draft on its way into the log.
#[derive(Clone)]
pub(crate) struct Item {
    grant: Grant,
    sender: UserId,
    draft: Draft,
    /// Its content as it will be stored.
    json: String,
    fingerprint: Fingerprint,
    /// Whether the sender's read watermark moves with it.
    follows: bool,
}

impl Item {
    fn new(grant: Grant, sender: UserId, draft: Draft, follows: bool) -> StoreResult<Self> {
        let json = serde_json::to_string(&draft.content).map_err(|error| StoreError::Failed(error.to_string()))?;
        let fingerprint = fingerprint_of([draft.reply_to, draft.thread_root], json.as_bytes());
        Ok(Self { grant, sender, draft, json, fingerprint, follows })
    }
}

/// For [`many`].
pub(super) fn items(grant: Grant, drafts: Vec<(UserId, Draft)>) -> StoreResult<Vec<Item>> {
    drafts.into_iter().map(|(sender, draft)| Item::new(grant, sender, draft, false)).collect()
}

/// All or none, in a transaction that the caller commits. Senders need not be members.
pub(super) async fn many(db: Tx, grant: Grant, items: &[Item]) -> Ran<Vec<Appended>> {
    Here::enter(&db, grant).await?;
    let known = Known::read(&db, items).await?;
    let decided = decide(items, known)?;
    let appended = decided.answers.into_iter().collect::<Result<Vec<_>, Refusal>>()?;
    decided.rows.write(&db, false).await?;
    Ok(appended)
}

pub(crate) fn taken() -> Refusal {
    Refusal::new(Code::Conflict, "this messageId was used for something else")
}
