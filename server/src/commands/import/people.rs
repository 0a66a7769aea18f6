//! From nicks to users.

use std::collections::HashMap;

use tertulia_domain::user::{DISPLAY_NAME_CHARS_MAX, USERNAME_CHARS_MAX, check_name, check_username};
use tertulia_domain::{Timestamp, UserId};
use tertulia_ports::store::users::NewUser;
use tertulia_services::Services;
use uuid::Uuid;

use crate::exit::Failure;

/// Authors seen so far.
pub struct People<'a> {
    services: &'a Services,
    known: HashMap<String, UserId>,
}

impl<'a> People<'a> {
    pub fn new(services: &'a Services) -> Self {
        Self { services, known: HashMap::new() }
    }

    /// Users, not spellings.
    pub fn count(&self) -> usize {
        self.known.values().collect::<std::collections::HashSet<_>>().len()
    }

    /// Makes the users of those not seen before.
    pub async fn meet<'n>(&mut self, nicks: impl Iterator<Item = &'n str>, at: Timestamp) -> Result<(), Failure> {
        let mut new: Vec<&str> = nicks.filter(|nick| !self.known.contains_key(*nick)).collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return Ok(());
        }
        let ids = self.import(&new, username_of, at).await?;
        let users = self.services.spine.store.users.get_many(&ids).await?;
        let accounts: Vec<UserId> = users.into_iter().filter(|user| !user.imported).map(|user| user.id).collect();
        // The name belongs to somebody who can sign in: words are not put into their mouth.
        let (taken, free): (Vec<_>, Vec<_>) = new.into_iter().zip(ids).partition(|(_, id)| accounts.contains(id));
        self.known.extend(free.into_iter().map(|(nick, id)| (nick.to_owned(), id)));
        let taken: Vec<&str> = taken.into_iter().map(|(nick, _)| nick).collect();
        let ids = self.import(&taken, marked_username, at).await?;
        self.known.extend(taken.into_iter().zip(ids).map(|(nick, id)| (nick.to_owned(), id)));
        Ok(())
    }

    pub fn id(&self, nick: &str) -> Option<UserId> {
        self.known.get(nick).copied()
    }

    async fn import(&self, nicks: &[&str], name: impl Fn(&str) -> String, at: Timestamp) -> Result<Vec<UserId>, Failure> {
        let new_user = |nick: &&str| NewUser {
            id: UserId(Uuid::now_v7()),
            username: name(nick),
            display_name: display_name(nick),
            email: None,
            password_hash: None,
            at,
        };
        Ok(self.services.spine.store.users.import(nicks.iter().map(new_user).collect()).await?)
    }
}

/// The same for every run and file: a nick that is a username stays one, in lower case; of another one
/// keeps what may stand in a username, with a mark that only this nick has.
pub fn username_of(nick: &str) -> String {
    check_username(nick).unwrap_or_else(|_| marked_username(nick))
}

fn marked_username(nick: &str) -> String {
    let folded = nick.trim().to_lowercase();
    let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let kept: String = folded.chars().filter(allowed).skip_while(|c| !c.is_ascii_alphanumeric()).take(USERNAME_CHARS_MAX - 9).collect();
    let kept = if kept.is_empty() { "user" } else { kept.as_str() };
    let mark = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("tertulia:nick:{folded}").as_bytes()).simple().to_string();
    format!("{kept}-{}", mark.chars().take(8).collect::<String>())
}

/// The nick, without what a display name may not have.
fn display_name(nick: &str) -> String {
    let clean: String = nick.chars().filter(|c| !c.is_control()).take(DISPLAY_NAME_CHARS_MAX).collect();
    check_name("nick", &clean, DISPLAY_NAME_CHARS_MAX).unwrap_or_else(|_| username_of(nick))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_follow_from_the_nick_alone() {
        assert_eq!(username_of("Crimsun"), "crimsun");
        assert_eq!(username_of("crimsun"), "crimsun");
        for nick in ["|QuaD-", "_", "a", "{{", "[Away]bob", "here", "ünï", &"x".repeat(300)] {
            let name = username_of(nick);
            assert_eq!(check_username(&name).unwrap(), name, "{nick}");
            assert_eq!(name, username_of(nick));
        }
        assert_ne!(username_of("[bob]"), username_of("{bob}"));
        assert!(username_of("[bob]").starts_with("bob-"));
        assert!(username_of("{{").starts_with("user-"));
    }

    #[test]
    fn display_names_are_the_nick_where_it_can_be_shown() {
        assert_eq!(display_name(" Señor "), "Señor");
        assert_eq!(display_name("a\u{3}b"), "ab");
        assert!(display_name("\u{200b}").starts_with("user-"));
    }
}
