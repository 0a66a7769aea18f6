use tertulia_domain::error::Refusal;
use tertulia_domain::ids::{ConversationId, MessageId};
use tertulia_domain::message::{Message, MessageVersion, Toggle};
use tertulia_ports::store::messages::Window;
use tertulia_ports::store::schedule::Scheduled;
use tertulia_protocol::{rest, v1};
use tertulia_services::Caller;
use tertulia_services::messages::{MessagePage, SendInput, Sent};
use tertulia_services::spine::tasks::finish;

use super::{Answer, all};
use crate::gateway::Gateway;
use crate::rest::call::Call;
use crate::rest::query::{EventsQuery, MessagesQuery, PageQuery};

fn input(message_id: MessageId, conversation_id: ConversationId, message: v1::MessageInput) -> SendInput {
    let v1::MessageInput { content, reply_to, thread_root, priority, expires_in_ms, scheduled_at } = message;
    let priority = priority.unwrap_or_default();
    SendInput { message_id, conversation_id, content, reply_to, thread_root, priority, expires_in_ms, scheduled_at }
}

fn sent(sent: Sent) -> v1::MessageSent {
    let Sent { message_id, seq, created_at, scheduled_at, duplicate } = sent;
    v1::MessageSent { message_id, seq, created_at, scheduled_at, duplicate }
}

// ---- written ----------------------------------------------------------------------------------

pub async fn send(gateway: Gateway, caller: Caller, frame: v1::MessageSend) -> Answer<v1::MessageSent> {
    let input = input(frame.message_id, frame.conversation_id, frame.message);
    gateway.services.messages.send(caller, input).await.map(sent)
}

pub async fn edit(gateway: Gateway, caller: Caller, frame: v1::MessageEdit) -> Answer<v1::Changed> {
    gateway.services.messages.edit(caller, frame.message_id, frame.content).await.map(|seq| v1::Changed { seq })
}

pub async fn delete(gateway: Gateway, caller: Caller, frame: v1::MessageRef) -> Answer<v1::Changed> {
    gateway.services.messages.delete(caller, frame.message_id).await.map(|seq| v1::Changed { seq })
}

pub async fn react(gateway: Gateway, caller: Caller, frame: v1::MessageReact) -> Answer<v1::Changed> {
    gateway.services.messages.react(caller, frame.message_id, frame.emoji, frame.action).await.map(|seq| v1::Changed { seq })
}

pub async fn pin(gateway: Gateway, caller: Caller, frame: v1::MessagePin) -> Answer<v1::Changed> {
    gateway.services.messages.pin(caller, frame.message_id, frame.action).await.map(|seq| v1::Changed { seq })
}

pub async fn send_rest(gateway: Gateway, caller: Caller, call: Call<rest::SendMessage>) -> Answer<v1::MessageSent> {
    let conversation_id = call.id("id")?;
    let rest::SendMessage { message_id, message } = call.body;
    // To its end, even if the client hangs up.
    let tasks = gateway.services.spine.tasks.clone();
    finish(tasks.run(send(gateway, caller, v1::MessageSend { message_id, conversation_id, message }))).await
}

pub async fn edit_rest(gateway: Gateway, caller: Caller, call: Call<rest::EditMessage>) -> Answer<v1::Changed> {
    let message_id = call.id("id")?;
    edit(gateway, caller, v1::MessageEdit { message_id, content: call.body.content }).await
}

pub async fn delete_rest(gateway: Gateway, caller: Caller, call: Call) -> Answer<v1::Changed> {
    delete(gateway, caller, v1::MessageRef { message_id: call.id("id")? }).await
}

pub async fn add_reaction(gateway: Gateway, caller: Caller, call: Call<rest::React>) -> Answer<v1::Changed> {
    let message_id = call.id("id")?;
    react(gateway, caller, v1::MessageReact { message_id, emoji: call.body.emoji, action: Toggle::Add }).await
}

pub async fn remove_reaction(gateway: Gateway, caller: Caller, call: Call) -> Answer<v1::Changed> {
    let emoji = call.text("emoji").to_owned();
    react(gateway, caller, v1::MessageReact { message_id: call.id("id")?, emoji, action: Toggle::Remove }).await
}

pub async fn add_pin(gateway: Gateway, caller: Caller, call: Call) -> Answer<v1::Changed> {
    pin(gateway, caller, v1::MessagePin { message_id: call.id("id")?, action: Toggle::Add }).await
}

pub async fn remove_pin(gateway: Gateway, caller: Caller, call: Call) -> Answer<v1::Changed> {
    pin(gateway, caller, v1::MessagePin { message_id: call.id("id")?, action: Toggle::Remove }).await
}

// ---- read -------------------------------------------------------------------------------------

pub async fn get(gateway: Gateway, caller: Caller, call: Call) -> Answer<Message> {
    gateway.services.messages.get(caller, call.id("id")?).await
}

pub async fn versions(gateway: Gateway, caller: Caller, call: Call) -> Answer<rest::Page<MessageVersion>> {
    gateway.services.messages.versions(caller, call.id("id")?).await.map(all)
}

pub async fn list(gateway: Gateway, caller: Caller, call: Call<(), MessagesQuery>) -> Answer<rest::MessagePage> {
    let id = call.id("id")?;
    let limit = call.query.limit.0;
    let window = match call.query {
        MessagesQuery { before: None, after: None, around: None, at: None, .. } => Window::Latest,
        MessagesQuery { before: Some(seq), after: None, around: None, at: None, .. } => Window::Before(seq.0),
        MessagesQuery { before: None, after: Some(seq), around: None, at: None, .. } => Window::After(seq.0),
        MessagesQuery { before: None, after: None, around: Some(seq), at: None, .. } => Window::Around(seq.0),
        MessagesQuery { before: None, after: None, around: None, at: Some(at), .. } => {
            return gateway.services.messages.window_at(caller, id, at, limit).await.map(|page| message_page(Window::Latest, page));
        }
        _ => return Err(Refusal::field("before", "only one of before, after, around and at")),
    };
    gateway.services.messages.window(caller, id, window, limit).await.map(|page| message_page(window, page))
}

fn message_page(asked: Window, page: MessagePage) -> rest::MessagePage {
    let before = page.items.first().map(|message| message.seq).filter(|_| page.has_older);
    let after = page.items.last().map(|message| message.seq).filter(|_| page.has_newer);
    let (next, has_more) = if matches!(asked, Window::After(_)) { (after, page.has_newer) } else { (before, page.has_older) };
    rest::MessagePage {
        items: page.items,
        before,
        after,
        next_cursor: next.map(|seq| seq.to_string()),
        has_more,
        head: page.head,
        epoch: page.epoch,
    }
}

pub async fn thread(gateway: Gateway, caller: Caller, call: Call<(), PageQuery>) -> Answer<rest::Thread> {
    let (id, root) = (call.id("id")?, call.id("rootId")?);
    let found = gateway.services.messages.thread(caller, id, root, call.query.request()).await?;
    Ok(rest::Thread { root: found.root, items: found.items, next_cursor: found.next_cursor, head: found.head, epoch: found.epoch })
}

pub async fn pins(gateway: Gateway, caller: Caller, call: Call) -> Answer<rest::Page<Message>> {
    gateway.services.messages.pins(caller, call.id("id")?).await.map(all)
}

pub async fn events(gateway: Gateway, caller: Caller, call: Call<(), EventsQuery>) -> Answer<rest::EventPage> {
    let id = call.id("id")?;
    let after = call.query.after.map_or(0, |after| after.0);
    let tail = gateway.services.messages.events(caller, id, after, call.query.limit.0).await?;
    Ok(rest::EventPage { items: tail.events, head: tail.head, epoch: tail.epoch })
}

// ---- later ------------------------------------------------------------------------------------

pub async fn scheduled(gateway: Gateway, caller: Caller, call: Call) -> Answer<rest::Page<rest::ScheduledMessage>> {
    let waiting = gateway.services.messages.scheduled(caller, call.id("id")?).await?;
    Ok(all(waiting.into_iter().map(scheduled_view).collect()))
}

fn scheduled_view(waiting: Scheduled) -> rest::ScheduledMessage {
    let draft = waiting.draft;
    rest::ScheduledMessage { message_id: draft.id, content: draft.content, thread_root: draft.thread_root, scheduled_at: draft.at }
}

pub async fn unschedule(gateway: Gateway, caller: Caller, call: Call) -> Answer<()> {
    gateway.services.messages.unschedule(caller, call.id("messageId")?).await
}
