use std::collections::BTreeSet;

use tertulia_domain::Timestamp;
use tertulia_domain::content::{Content, ContentLimits, check_content};
use tertulia_domain::message::check_emoji;

use super::VISITOR;
use super::content::{Place, Said, cast, places, script};

fn check(place: &Place, said: &Said, now: Timestamp) -> usize {
    let place_name = place.name.as_deref().unwrap_or("direct");
    let at = said.at(now).unwrap_or_else(|| panic!("a time in {place_name}"));
    assert!(at < now, "{place_name}: in the future");
    assert!(place.members.contains(&said.by), "{place_name}: {} is not in it", said.by);
    assert_eq!(check_content(&Content::text(&said.text), ContentLimits::default()), Ok(()));
    for (emoji, people) in &said.reactions {
        assert_eq!(check_emoji(emoji), Ok(()), "{emoji}");
        assert!(people.iter().all(|name| place.members.contains(name)), "{place_name}: {emoji} by somebody else");
    }
    for reply in &said.replies {
        assert!(reply.at(now) >= Some(at), "{place_name}: answered before it was said");
    }
    1 + said.replies.iter().map(|reply| check(place, reply, now)).sum::<usize>()
}

#[test]
fn the_history_can_be_written_at_any_hour() {
    for now in ["2026-03-02T00:00:00Z", "2026-03-02T04:00:00Z", "2026-03-02T12:34:56Z", "2026-03-02T23:59:59Z"] {
        let now: Timestamp = now.parse().unwrap();
        let messages: usize =
            places().unwrap().iter().flat_map(|place| place.messages.iter().map(move |said| check(place, said, now))).sum();
        assert!((150..=250).contains(&messages), "{messages}");
    }
}

#[test]
fn what_the_visitor_has_not_read_was_written_by_others() {
    for place in places().unwrap() {
        for (name, unread) in &place.unread {
            assert!(place.messages.iter().rev().take(*unread).all(|said| said.by != *name));
        }
    }
}

#[test]
fn the_script_knows_its_people_and_places() {
    let people: BTreeSet<String> = cast().unwrap().people.into_iter().map(|person| person.username).collect();
    let places = places().unwrap();
    for cue in script().unwrap() {
        let direct = cue.place == format!("@{VISITOR}");
        let place = places.iter().find(|place| {
            if direct { place.name.is_none() && place.members.contains(&cue.by) } else { place.name.as_ref() == Some(&cue.place) }
        });
        let place = place.unwrap_or_else(|| panic!("{}", cue.place));
        assert!(place.members.contains(&cue.by) && cue.by != VISITOR);
        assert!(
            cue.reactions.iter().all(
                |(emoji, by)| check_emoji(emoji).is_ok() && by.iter().all(|name| people.contains(name) && place.members.contains(name))
            )
        );
    }
}
