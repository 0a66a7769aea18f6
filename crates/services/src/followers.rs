//! What follows from an event, in one table. Nothing else calls a follower.

use tertulia_domain::event::EventBody;
use tertulia_ports::{Heard, Signal};

use crate::Services;
use crate::notifications::{GATHER, GATHER_OWN};

/// Who follows an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follower {
    /// On every node, for its own clients.
    Badges,
    /// On the node that committed it, for the workers of all.
    Mentions,
}

/// The table.
fn followers(body: &EventBody) -> &'static [Follower] {
    match body {
        EventBody::MessageNew(_) | EventBody::MessageUpdated(_) => &[Follower::Badges, Follower::Mentions],
        EventBody::MessageDeleted(_) => &[Follower::Badges],
        EventBody::MessageReaction(_)
        | EventBody::MessagePinned(_)
        | EventBody::MemberJoined(_)
        | EventBody::MemberLeft(_)
        | EventBody::MemberUpdated(_)
        | EventBody::ConversationUpdated(_) => &[],
    }
}

/// Listens to the bus. Counts are derived, so a lost signal only makes them late.
pub(crate) fn start(services: &Services) {
    let badges = &services.badges;
    let noting = badges.clone();
    services.spine.listen(move |heard| {
        if let Heard::Signal(Signal::Event(event)) = heard
            && followers(&event.body).contains(&Follower::Badges)
        {
            noting.note(event.conversation_id);
        }
    });
    let mentions = services.mentions.clone();
    services.spine.listen_here(move |event| {
        if followers(&event.body).contains(&Follower::Mentions) {
            mentions.note(event);
        }
    });
    let tasks = &services.spine.tasks;
    let (gathered, spine, presence) = (badges.clone(), services.spine.clone(), services.presence.clone());
    tasks.every(GATHER, move || {
        let (badges, spine, presence) = (gathered.clone(), spine.clone(), presence.clone());
        async move { badges.flush(&spine, &presence).await }
    });
    let (gathered, spine) = (badges.clone(), services.spine.clone());
    tasks.every(GATHER_OWN, move || {
        let (badges, spine) = (gathered.clone(), spine.clone());
        async move { badges.flush_own(&spine).await }
    });
}
