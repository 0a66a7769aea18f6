//! The logs as they are at the end.

use std::collections::HashMap;

use serde_json::Value;
use tertulia_domain::ids::ConversationId;

use crate::findings::Invariant;
use crate::record::Record;
use crate::rest::Failed;
use crate::target::Trouble;
use crate::world::{Place, World};

/// Reads each from its first event to its last.
pub async fn read_all(world: &World) -> Result<HashMap<ConversationId, Vec<Record>>, Trouble> {
    let mut logs = HashMap::new();
    for place in &world.places {
        let log =
            read(world, place).await.map_err(|failed| Trouble(format!("the log of {} cannot be read: {failed}", place.conversation)))?;
        for record in &log {
            world.ledger.see(record, "the log", &world.findings);
        }
        let seen = world.ledger.head(place.conversation);
        world.findings.expect(Invariant::Once, log.len() as u64 >= seen, || {
            format!("{} ends at {}, and somebody saw seq {seen}", place.conversation, log.len())
        });
        logs.insert(place.conversation, log);
    }
    Ok(logs)
}

async fn read(world: &World, place: &Place) -> Result<Vec<Record>, Failed> {
    let reader = world.reader(place);
    let mut log: Vec<Record> = Vec::new();
    let mut refused = 0;
    loop {
        let after = log.last().map_or(0, |record| record.seq);
        match reader.get(&format!("conversations/{}/events?after={after}&limit=200", place.conversation)).await {
            Ok(page) => {
                let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
                if items.is_empty() {
                    return Ok(log);
                }
                log.extend(items.iter().filter_map(Record::of_page));
            }
            Err(failed) if refused >= 3 => return Err(failed),
            Err(_) => {
                refused += 1;
                reader.sign_in().await.ok();
            }
        }
    }
}
