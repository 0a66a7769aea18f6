//! Colleagues who are there, type, write and react while the demo runs.

use std::time::Duration;

use tertulia_domain::message::{Priority, Toggle};
use tertulia_domain::presence::{Chosen, Status};
use tertulia_domain::{Content, ConversationId, MessageId, UserId};
use tertulia_services::messages::SendInput;
use tertulia_services::{Answer, Services};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::content::Cue;
use super::{Demo, VISITOR};
use crate::commands::user::as_caller;

/// Typing is shown for five seconds; this renews it in time.
const RENEW_TYPING: Duration = Duration::from_secs(3);
/// A fast typist.
const CHARS_PER_SECOND: u64 = 12;

/// Runs the script once, with 20 to 60 seconds between two messages.
pub fn start(services: &Services, demo: Demo, script: Vec<Cue>) {
    let (services, stopping) = (services.clone(), services.spine.tasks.stopping());
    appear(&services, &demo);
    services.spine.tasks.clone().run(async move {
        for (number, cue) in (0_u64..).zip(&script) {
            let pause = Duration::from_secs(if number == 0 { 15 } else { 20 + number * 17 % 41 });
            if !rest(&stopping, pause).await {
                return;
            }
            if let Err(error) = play(&services, &demo, cue, &stopping).await {
                tracing::debug!(%error, "the demo skipped a line");
            }
        }
    });
}

/// Everybody but the visitor is there; one is away, one must not be disturbed.
fn appear(services: &Services, demo: &Demo) {
    for (name, user) in &demo.people {
        if name == VISITOR {
            continue;
        }
        services.presence.connected(*user);
        let (status, text, emoji) = match name.as_str() {
            "lena" => (Status::Away, None, None),
            "linus" => (Status::Dnd, Some("frozen, back after launch"), Some("🧊")),
            "omar" => (Status::Online, Some("early shift"), Some("☕")),
            _ => continue,
        };
        let chosen = Chosen { status, text: text.map(str::to_owned), emoji: emoji.map(str::to_owned), until: None };
        services.presence.update(as_caller(*user), chosen).ok();
    }
}

async fn play(services: &Services, demo: &Demo, cue: &Cue, stopping: &CancellationToken) -> Answer<()> {
    let place = if cue.place == format!("@{VISITOR}") { format!("@{}", cue.by) } else { cue.place.clone() };
    let (Some(place), Some(by)) = (demo.places.get(&place), demo.people.get(&cue.by)) else { return Ok(()) };
    let Some(message) = say(services, *by, *place, &cue.text, stopping).await? else { return Ok(()) };
    for (emoji, people) in &cue.reactions {
        for user in people.iter().filter_map(|name| demo.people.get(name)) {
            if !rest(stopping, Duration::from_secs(3)).await {
                return Ok(());
            }
            services.messages.react(as_caller(*user), message, emoji.clone(), Toggle::Add).await?;
        }
    }
    Ok(())
}

/// Types for as long as it takes, then sends. None when the server stops before that.
pub async fn say(
    services: &Services,
    by: UserId,
    place: ConversationId,
    text: &str,
    stopping: &CancellationToken,
) -> Answer<Option<MessageId>> {
    let mut left = Duration::from_secs(2 + (text.chars().count() as u64 / CHARS_PER_SECOND).min(7));
    while !left.is_zero() {
        services.typing.start_typing(as_caller(by), place, None).await?;
        let step = left.min(RENEW_TYPING);
        if !rest(stopping, step).await {
            return Ok(None);
        }
        left -= step;
    }
    let message_id = MessageId(Uuid::now_v7());
    let message = SendInput {
        message_id,
        conversation_id: place,
        content: Content::text(text),
        reply_to: None,
        thread_root: None,
        priority: Priority::Normal,
        expires_in_ms: None,
        scheduled_at: None,
    };
    services.messages.send(as_caller(by), message).await?;
    Ok(Some(message_id))
}

/// False when the server stops meanwhile.
pub async fn rest(stopping: &CancellationToken, pause: Duration) -> bool {
    tokio::select! {
        () = stopping.cancelled() => false,
        () = tokio::time::sleep(pause) => true,
    }
}
