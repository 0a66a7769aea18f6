//! Who takes part: a file that `bench prepare` or a first run writes, and scenarios read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tertulia_domain::{ConversationId, UserId};

use crate::fault::{Fault, Ran};

/// People and the rooms that they are in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    pub people: Vec<Person>,
    pub rooms: Vec<Room>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub username: String,
    pub access_token: String,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub id: ConversationId,
    /// By their place among the people; the first is its admin.
    pub members: Vec<usize>,
}

impl Accounts {
    pub fn read(path: &Path) -> Ran<Self> {
        let broken = |why: String| Fault::Data(format!("{}: {why}", path.display()));
        let text = fs::read(path).map_err(|error| broken(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| broken(format!("no file of accounts: {error}")))
    }

    /// For its owner's eyes only: the tokens open everything.
    pub fn write(&self, path: &Path) -> Ran<()> {
        let failed = |why: String| Fault::Data(format!("{}: {why}", path.display()));
        let text = serde_json::to_vec(self).map_err(|error| failed(error.to_string()))?;
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(|e| failed(e.to_string()))?;
        file.write_all(&text).map_err(|error| failed(error.to_string()))
    }

    /// The smallest room of at least so many members.
    pub fn room_of(&self, members: usize) -> Ran<&Room> {
        let fitting = self.rooms.iter().filter(|room| room.members.len() >= members).min_by_key(|room| room.members.len());
        fitting.ok_or_else(|| {
            let largest = self.rooms.iter().map(|room| room.members.len()).max().unwrap_or_default();
            Fault::Usage(format!(
                "no conversation of {members} members among these accounts, the largest has {largest}: prepare one with --rooms 1x{members}"
            ))
        })
    }

    /// Whether there are so many people, and rooms as planned.
    pub fn seats(&self, people: usize, plan: &RoomPlan) -> bool {
        let has = |count: usize, size: usize| self.rooms.iter().filter(|room| room.members.len() >= size).count() >= count;
        self.people.len() >= people && plan.0.iter().all(|(count, size)| has(*count, *size))
    }

    pub fn person(&self, place: usize) -> Ran<&Person> {
        self.people.get(place).ok_or_else(|| Fault::Data("a room names somebody who is not in the file of accounts".into()))
    }
}

/// Rooms to be made: so many of that size, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPlan(pub Vec<(usize, usize)>);

impl std::str::FromStr for RoomPlan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |part: &str| {
            let (count, size) = part.trim().split_once('x')?;
            Some((count.parse().ok().filter(|count| *count > 0)?, size.parse().ok().filter(|size| *size > 1)?))
        };
        let rooms: Option<Vec<_>> = text.split(',').map(one).collect();
        rooms.map(Self).ok_or_else(|| "expected COUNTxSIZE, like 1x5000 or 1x1000,500x20".into())
    }
}

impl RoomPlan {
    /// Who is in which room: everybody is in as many as the others, and meets others in each.
    pub fn seat(&self, people: usize) -> Result<Vec<Vec<usize>>, String> {
        let mut rooms = Vec::new();
        for &(count, size) in &self.0 {
            if size > people {
                return Err(format!("a room of {size} needs as many users, and there are {people}"));
            }
            rooms.extend((0..count).map(|room| seats(room * size, size, people)));
        }
        Ok(rooms)
    }
}

/// `size` people from the nth seat on. Once all have a seat, the next round goes over them in another order.
fn seats(from: usize, size: usize, people: usize) -> Vec<usize> {
    let stride = strides(people).nth(from / people).unwrap_or(1);
    (from..from + size).map(|seat| seat % people * stride % people).collect()
}

/// Steps that visit everybody.
fn strides(people: usize) -> impl Iterator<Item = usize> {
    let shares_no_factor = move |step: &usize| {
        let (mut a, mut b) = (people, *step);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a == 1
    };
    std::iter::once(1).chain((people / 3 + 1..).filter(shares_no_factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_the_same_number_of_seats() {
        let plan: RoomPlan = "100x20".parse().unwrap();
        let rooms = plan.seat(100).unwrap();
        let mut seats = vec![0; 100];
        for room in &rooms {
            let mut distinct = room.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 20);
            room.iter().for_each(|person| seats[*person] += 1);
        }
        assert_eq!(seats, vec![20; 100]);
        assert_ne!(rooms[0], rooms[5]);
        let mixed: RoomPlan = "1x50, 2x3".parse().unwrap();
        assert_eq!(mixed.seat(50).unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [50, 3, 3]);
        assert!(mixed.seat(49).is_err());
    }

    #[test]
    fn nonsense_is_no_plan() {
        for wrong in ["", "5", "0x5", "5x1", "axb", "1x5,"] {
            assert!(wrong.parse::<RoomPlan>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_written_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        let person = Person { id: UserId(uuid::Uuid::now_v7()), username: "ada".into(), access_token: "t".into() };
        let room = Room { id: ConversationId(uuid::Uuid::now_v7()), members: vec![0] };
        let accounts = Accounts { people: vec![person], rooms: vec![room] };
        accounts.write(&path).unwrap();
        assert_eq!(Accounts::read(&path).unwrap(), accounts);
        assert!(accounts.room_of(2).is_err());
        fs::write(&path, "{").unwrap();
        assert!(matches!(Accounts::read(&path), Err(Fault::Data(_))));
    }
}
