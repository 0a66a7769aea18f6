//! What is in the data files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tertulia_domain::{Timestamp, WorkspaceRole};

use crate::exit::Failure;

/// Who plays.
#[derive(Deserialize)]
pub struct Cast {
    pub workspace: String,
    pub password: String,
    /// The owner first.
    pub people: Vec<Person>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub username: String,
    pub display_name: String,
    pub role: WorkspaceRole,
}

impl Cast {
    pub fn others(&self, one: &str) -> Vec<&str> {
        self.people.iter().map(|person| person.username.as_str()).filter(|name| *name != one).collect()
    }
}

/// A conversation with its history.
#[derive(Deserialize)]
pub struct Place {
    #[serde(rename = "type")]
    pub kind: tertulia_domain::ConversationType,
    pub name: Option<String>,
    pub topic: Option<String>,
    #[serde(default)]
    pub default: bool,
    #[serde(default)]
    pub private: bool,
    /// Who made it first.
    pub members: Vec<String>,
    #[serde(default)]
    pub admins: Vec<String>,
    /// How many of the newest messages somebody has not read; all others have read everything.
    #[serde(default)]
    pub unread: BTreeMap<String, usize>,
    pub messages: Vec<Said>,
}

/// A message.
#[derive(Deserialize)]
pub struct Said {
    /// `3d 09:30`: three days ago at that time (UTC); `45m`: minutes ago.
    at: String,
    pub by: String,
    pub text: String,
    /// What it said before an edit.
    pub was: Option<String>,
    /// Who pinned it.
    pub pin: Option<String>,
    /// Emoji, and who chose it.
    #[serde(default)]
    pub reactions: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub replies: Vec<Said>,
}

/// What somebody says while the demo runs.
#[derive(Deserialize)]
pub struct Cue {
    /// A conversation's name; `@ada`: the direct one with her.
    #[serde(rename = "in")]
    pub place: String,
    pub by: String,
    pub text: String,
    #[serde(default)]
    pub reactions: BTreeMap<String, Vec<String>>,
}

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;

impl Said {
    /// When it was said, seen from `now`. None where the file has it wrong.
    pub fn at(&self, now: Timestamp) -> Option<Timestamp> {
        if let Some(minutes) = self.at.strip_suffix('m') {
            return Some(now.plus_millis(-minutes.parse::<i64>().ok()? * MINUTE_MS));
        }
        let (days, time) = self.at.split_once("d ")?;
        let (hours, minutes) = time.split_once(':')?;
        let midnight = now.as_millis() - now.as_millis().rem_euclid(DAY_MS);
        let of_day = (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * MINUTE_MS;
        Timestamp::from_millis(midnight - days.parse::<i64>().ok()? * DAY_MS + of_day)
    }
}

pub fn cast() -> Result<Cast, Failure> {
    read(include_str!("people.json"))
}

pub fn script() -> Result<Vec<Cue>, Failure> {
    read(include_str!("live.json"))
}

pub fn places() -> Result<Vec<Place>, Failure> {
    [
        include_str!("general.json"),
        include_str!("announcements.json"),
        include_str!("launch.json"),
        include_str!("engineering.json"),
        include_str!("design.json"),
        include_str!("random.json"),
        include_str!("support.json"),
        include_str!("party.json"),
        include_str!("direct-maya.json"),
        include_str!("direct-grace.json"),
        include_str!("direct-linus.json"),
    ]
    .into_iter()
    .map(read)
    .collect()
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))
}

/// A test reads all files, so nobody sees this.
pub fn wrong(what: &str) -> Failure {
    Failure::failed(format!("the demo's content: {what}"))
}
