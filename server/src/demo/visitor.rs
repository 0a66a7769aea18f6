//! Colleagues notice what the visitor writes.

use std::collections::HashSet;
use std::time::Duration;

use tertulia_domain::message::{Message, Toggle};
use tertulia_domain::{EventBody, UserId};
use tertulia_ports::{Heard, Signal};
use tertulia_services::{Answer, Services};

use super::live::{rest, say};
use super::{Demo, VISITOR};
use crate::commands::user::as_caller;

const EMOJI: [&str; 6] = ["👍", "👀", "🎉", "😄", "❤️", "💯"];
const HONEST: &str = "I am part of the demo: I read everything and understand nothing 🙂 \
    Invite a colleague (*People → Invite*) and talk to somebody real.";

/// Events that wait to be noticed.
const NOTICED_MAX: usize = 64;

/// In a channel somebody reacts; in a direct conversation they answer, once.
pub fn start(services: &Services, demo: Demo) {
    let (services, stopping) = (services.clone(), services.spine.tasks.stopping());
    let (told, mut heard) = tokio::sync::mpsc::channel(NOTICED_MAX);
    services.delivery.listen(move |signal| {
        if let Heard::Signal(Signal::Event(event)) = signal {
            // A full one is only a colleague who missed something.
            drop(told.try_send(event.clone()));
        }
    });
    services.spine.tasks.clone().run(async move {
        let mut answered = HashSet::new();
        let mut noticed = 0_usize;
        loop {
            let next = tokio::select! {
                () = stopping.cancelled() => return,
                next = heard.recv() => next,
            };
            let Some(event) = next else { return };
            let EventBody::MessageNew(new) = &event.body else { continue };
            let message = &new.message;
            if is_scripted(&demo, message.sender_id) {
                continue;
            }
            noticed += 1;
            if !rest(&stopping, Duration::from_millis(1_800)).await {
                return;
            }
            let first = answered.insert(message.conversation_id);
            let direct = demo.places.iter().find(|(name, id)| name.starts_with('@') && **id == message.conversation_id);
            let done = match direct.and_then(|(name, _)| demo.people.get(name.trim_start_matches('@'))) {
                Some(peer) if first => say(&services, *peer, message.conversation_id, HONEST, &stopping).await.map(|_| ()),
                Some(_) => Ok(()),
                None => react(&services, &demo, message, noticed).await,
            };
            if let Err(error) = done {
                tracing::debug!(%error, "the demo did not react");
            }
        }
    });
}

/// One of those who are in the conversation.
async fn react(services: &Services, demo: &Demo, message: &Message, noticed: usize) -> Answer<()> {
    let members = services.spine.store.conversations.member_ids(&[message.conversation_id], u64::MAX).await.unwrap_or_default();
    let there: Vec<UserId> = members.into_iter().flat_map(|(_, members)| members).filter(|user| is_scripted(demo, *user)).collect();
    let (Some(user), Some(emoji)) = (there.iter().cycle().nth(noticed % there.len().max(1)), EMOJI.get(noticed % EMOJI.len())) else {
        return Ok(());
    };
    services.messages.react(as_caller(*user), message.id, (*emoji).to_owned(), Toggle::Add).await.map(|_| ())
}

fn is_scripted(demo: &Demo, user: UserId) -> bool {
    demo.people.iter().any(|(name, id)| name != VISITOR && *id == user)
}
