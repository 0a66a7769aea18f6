//! The owner's part: members are put out and let in again while everybody talks.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tertulia_domain::error::Retry;
use tertulia_domain::ids::{ConversationId, UserId};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::client::Stage;
use crate::dice::Dice;
use crate::history::{History, Outcome, Request};
use crate::rest::Failed;
use crate::world::World;

/// Until the clients are to settle.
pub async fn keep(world: Arc<World>, mut stage: watch::Receiver<Stage>) -> History {
    let mut dice = Dice::new(world.seed, 3);
    let mut history = History::new(world.owner.user);
    while *stage.borrow() == Stage::Busy {
        let pause = Duration::from_millis(dice.within(50, 500));
        tokio::select! {
            () = sleep(pause) => {}
            _ = stage.changed() => continue,
        }
        let restless: Vec<_> = world.places.iter().filter(|place| place.restless).collect();
        let Some(place) = dice.pick(&restless) else { continue };
        let Some(user) = dice.pick(&place.clients).and_then(|client| world.clients.get(*client)).map(|client| client.user) else {
            continue;
        };
        let both = dice.chance(40);
        if both || dice.chance(40) {
            remove(&world, &mut history, place.conversation, user).await;
        }
        if both {
            sleep(Duration::from_millis(dice.within(0, 300))).await;
        }
        add(&world, &mut history, place.conversation, user).await;
    }
    history
}

async fn remove(world: &World, history: &mut History, conversation: ConversationId, user: UserId) {
    let entry = history.invoke(Request::Remove { conversation, user });
    let answer = world.owner.delete(&format!("conversations/{conversation}/members/{user}")).await;
    note(world, history, entry, answer.map(drop)).await;
}

async fn add(world: &World, history: &mut History, conversation: ConversationId, user: UserId) {
    let entry = history.invoke(Request::Add { conversation, user });
    let answer = world.owner.post(&format!("conversations/{conversation}/members"), json!({ "userIds": [user] })).await;
    note(world, history, entry, answer.map(drop)).await;
}

async fn note(world: &World, history: &mut History, entry: usize, answer: Result<(), Failed>) {
    let code = answer.as_ref().err().and_then(Failed::code);
    let outcome = match answer {
        Ok(()) => Outcome::Ok { seq: None, duplicate: false },
        Err(_) => code.map_or(Outcome::Unknown, Outcome::refused),
    };
    history.answer(entry, outcome);
    if code.is_some_and(|code| code.retry() == Retry::Auth) {
        world.owner.sign_in().await.ok();
    }
}
