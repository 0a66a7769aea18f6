use tertulia_domain::conversation::Receipt;
use tertulia_domain::error::Refusal;
use tertulia_ports::ReceiptKind;
use tertulia_ports::store::receipts::Marked;
use tertulia_protocol::{rest, v1};
use tertulia_services::Caller;

use super::{Answer, all};
use crate::gateway::Gateway;
use crate::rest::call::Call;

fn marked(marked: Marked) -> v1::Marked {
    v1::Marked { seq: marked.seq, unread: marked.unread }
}

pub async fn delivered(gateway: Gateway, caller: Caller, mark: v1::Mark) -> Answer<v1::Marked> {
    gateway.services.receipts.mark(caller, mark.conversation_id, ReceiptKind::Delivered, mark.seq).await.map(marked)
}

pub async fn read(gateway: Gateway, caller: Caller, mark: v1::Mark) -> Answer<v1::Marked> {
    gateway.services.receipts.mark(caller, mark.conversation_id, ReceiptKind::Read, mark.seq).await.map(marked)
}

pub async fn unread(gateway: Gateway, caller: Caller, mark: v1::Mark) -> Answer<v1::Marked> {
    gateway.services.receipts.mark_unread(caller, mark.conversation_id, mark.seq).await.map(marked)
}

pub async fn list(gateway: Gateway, caller: Caller, call: Call) -> Answer<rest::Page<Receipt>> {
    gateway.services.receipts.list(caller, call.id("id")?).await.map(all)
}

pub async fn update(gateway: Gateway, caller: Caller, call: Call<rest::UpdateReceipt>) -> Answer<v1::Marked> {
    let conversation_id = call.id("id")?;
    let mark = |seq| v1::Mark { conversation_id, seq };
    match call.body {
        rest::UpdateReceipt { read_seq: Some(seq), unread: Some(true), .. } => unread(gateway, caller, mark(seq)).await,
        rest::UpdateReceipt { read_seq: Some(seq), .. } => read(gateway, caller, mark(seq)).await,
        rest::UpdateReceipt { delivered_seq: Some(seq), .. } => delivered(gateway, caller, mark(seq)).await,
        _ => Err(Refusal::field("readSeq", "is required, or deliveredSeq")),
    }
}
