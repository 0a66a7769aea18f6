//! Standings in memory, found by conversation and by user, so that forgetting costs only what is forgotten.

use std::collections::HashMap;

use tertulia_domain::ids::{ConversationId, UserId};
use uuid::Uuid;

use super::Known;

/// Standings kept; past it all are forgotten.
const KNOWN_MAX: usize = 200_000;
/// Conversations, and users, share an age with others; that costs a look into the store, rarely.
const AGES: usize = 256;

pub struct Kept {
    /// Ordered by user: most have few, and lists are a third of what tables would take.
    rooms: HashMap<ConversationId, Vec<(UserId, Known)>>,
    /// Where each user is known.
    places: HashMap<UserId, Vec<ConversationId>>,
    count: usize,
    /// How often something was forgotten of a conversation, and of a user.
    room_ages: Vec<u64>,
    user_ages: Vec<u64>,
}

/// When a standing was asked for: what was read before something changed must not be kept after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    room: u64,
    user: u64,
}

impl Default for Kept {
    fn default() -> Self {
        Self { rooms: HashMap::new(), places: HashMap::new(), count: 0, room_ages: vec![0; AGES], user_ages: vec![0; AGES] }
    }
}

impl Kept {
    pub fn get(&self, conversation: ConversationId, user: UserId) -> Option<&Known> {
        let room = self.rooms.get(&conversation)?;
        room.get(find(room, user).ok()?).map(|(_, known)| known)
    }

    pub fn age(&self, conversation: ConversationId, user: UserId) -> Age {
        let at = |ages: &[u64], id: Uuid| ages.get(place(id)).copied().unwrap_or_default();
        Age { room: at(&self.room_ages, conversation.0), user: at(&self.user_ages, user.0) }
    }

    /// Keeps what was read, unless it may have changed since it was asked for.
    pub fn keep(&mut self, conversation: ConversationId, user: UserId, known: Known, asked: Age) {
        if self.age(conversation, user) != asked {
            return;
        }
        if self.count >= KNOWN_MAX {
            self.clear();
        }
        let room = self.rooms.entry(conversation).or_insert_with(|| Vec::with_capacity(1));
        match find(room, user) {
            Ok(at) => {
                if let Some(kept) = room.get_mut(at) {
                    *kept = (user, known);
                }
            }
            Err(at) => {
                room.insert(at, (user, known));
                self.places.entry(user).or_insert_with(|| Vec::with_capacity(1)).push(conversation);
                self.count += 1;
            }
        }
    }

    pub fn forget_all(&mut self) {
        self.room_ages.iter_mut().for_each(|age| *age += 1);
        self.clear();
    }

    fn clear(&mut self) {
        self.rooms.clear();
        self.places.clear();
        self.count = 0;
    }

    pub fn forget(&mut self, conversation: ConversationId) {
        grow(&mut self.room_ages, conversation.0);
        for (user, _) in self.rooms.remove(&conversation).into_iter().flatten() {
            self.count -= 1;
            let Some(places) = self.places.get_mut(&user) else { continue };
            places.retain(|place| *place != conversation);
            if places.is_empty() {
                self.places.remove(&user);
            }
        }
    }

    pub fn forget_user(&mut self, user: UserId) {
        grow(&mut self.user_ages, user.0);
        for conversation in self.places.remove(&user).into_iter().flatten() {
            let Some(room) = self.rooms.get_mut(&conversation) else { continue };
            if let Ok(at) = find(room, user) {
                room.remove(at);
                self.count -= 1;
            }
            if room.is_empty() {
                self.rooms.remove(&conversation);
            }
        }
    }
}

fn find(room: &[(UserId, Known)], user: UserId) -> Result<usize, usize> {
    room.binary_search_by_key(&user, |(id, _)| *id)
}

/// The end of an id is random.
fn place(id: Uuid) -> usize {
    (id.as_u128() % AGES as u128) as usize
}

fn grow(ages: &mut [u64], id: Uuid) {
    if let Some(age) = ages.get_mut(place(id)) {
        *age += 1;
    }
}

#[cfg(test)]
mod tests {
    use tertulia_domain::access::Subject;
    use tertulia_domain::conversation::{ConversationSettings, ConversationType, MemberRole};

    use super::*;

    fn room(n: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(n))
    }

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn known(conversation: ConversationId) -> Known {
        let subject = Subject {
            id: conversation,
            conversation_type: ConversationType::Group,
            visibility: tertulia_domain::Visibility::Private,
            settings: ConversationSettings::default(),
            archived: false,
        };
        Known { subject, workspace_id: None, workspace_role: None, member_role: Some(MemberRole::Member), member_count: 2 }
    }

    fn full() -> Kept {
        let mut kept = Kept::default();
        for (conversation, user) in [(1, 10), (1, 11), (2, 10), (2, 12)].map(|(c, u)| (room(c), user(u))) {
            let asked = kept.age(conversation, user);
            kept.keep(conversation, user, known(conversation), asked);
        }
        kept
    }

    #[test]
    fn forgetting_takes_what_is_concerned_and_nothing_else() {
        let mut kept = full();
        kept.forget(room(1));
        assert_eq!((kept.get(room(1), user(10)), kept.get(room(1), user(11))), (None, None));
        assert!(kept.get(room(2), user(10)).is_some() && kept.get(room(2), user(12)).is_some());
        assert_eq!((kept.count, kept.rooms.len(), kept.places.len()), (2, 1, 2));
        kept.forget_user(user(10));
        assert!(kept.get(room(2), user(10)).is_none() && kept.get(room(2), user(12)).is_some());
        kept.forget_user(user(12));
        assert_eq!((kept.count, kept.rooms.len(), kept.places.len()), (0, 0, 0), "nothing is left over");
    }

    #[test]
    fn what_was_asked_for_before_a_change_is_not_kept_after_it() {
        let mut kept = full();
        for forget in [|kept: &mut Kept| kept.forget(room(1)), |kept: &mut Kept| kept.forget_user(user(10))] {
            let asked = kept.age(room(1), user(10));
            let elsewhere = kept.age(room(2), user(12));
            forget(&mut kept);
            kept.keep(room(1), user(10), known(room(1)), asked);
            assert!(kept.get(room(1), user(10)).is_none());
            assert_eq!(kept.age(room(2), user(12)), elsewhere, "others may be kept");
        }
        let asked = kept.age(room(2), user(12));
        kept.forget_all();
        kept.keep(room(2), user(12), known(room(2)), asked);
        assert_eq!((kept.get(room(2), user(12)), kept.count), (None, 0));
    }
}
