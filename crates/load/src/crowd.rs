//! People who are connected, and the rooms that they are in.

use std::collections::HashMap;

use crate::accounts::{Accounts, Room};
use crate::dialect::{self, Dialect};
use crate::ear::Ear;
use crate::engine::Engine;
use crate::fault::{Fault, Ran};
use crate::gather::{Dial, GENTLY, Gather};
use crate::limits::need_connections;
use crate::progress::Progress;
use crate::target::Target;

/// Some rooms, and everybody who is in one of them.
pub struct Crowd<'a> {
    pub rooms: Vec<&'a Room>,
    accounts: &'a Accounts,
    /// People, by line.
    pub people: Vec<usize>,
    lines: HashMap<usize, usize>,
}

impl<'a> Crowd<'a> {
    /// The first rooms of that size.
    pub fn in_rooms(accounts: &'a Accounts, count: usize, size: usize) -> Ran<Self> {
        let rooms: Vec<&Room> = accounts.rooms.iter().filter(|room| room.members.len() == size).take(count).collect();
        if rooms.len() < count {
            let have = rooms.len();
            return Err(Fault::Usage(format!(
                "{count} rooms of {size} are needed, and these accounts have {have}: prepare with --rooms {count}x{size}"
            )));
        }
        let mut crowd = Self { rooms, accounts, people: Vec::new(), lines: HashMap::new() };
        for member in crowd.rooms.iter().flat_map(|room| room.members.iter().copied()) {
            let next = crowd.people.len();
            if *crowd.lines.entry(member).or_insert(next) == next {
                crowd.people.push(member);
            }
        }
        Ok(crowd)
    }

    /// The line of one of the people.
    pub fn line(&self, person: usize) -> usize {
        self.lines.get(&person).copied().unwrap_or_default()
    }

    /// Everybody hears what is said in their rooms; stream n is room n's.
    pub fn expect_all(&self, ear: &mut Ear) {
        for (stream, room) in (0..).zip(&self.rooms) {
            room.members.iter().for_each(|member| ear.fans.expect(self.line(*member), stream));
        }
    }

    /// Connects everybody.
    pub fn connect(&self, target: &Target) -> Ran<Engine> {
        connect(target, self.accounts, &self.people)
    }
}

/// Connects these people; the nth has line n.
pub fn connect(target: &Target, accounts: &Accounts, people: &[usize]) -> Ran<Engine> {
    need_connections(people.len())?;
    let target = target.clone().for_connections(people.len())?;
    let mut engine = Engine::new(people.len())?;
    let dials = dials(&target, accounts, people)?;
    Gather::new(Dialect::Tertulia, &target, dials, GENTLY)?.run(&mut engine, &Progress::new("connecting"))?;
    Ok(engine)
}

/// How each of them is let in.
pub fn dials(target: &Target, accounts: &Accounts, people: &[usize]) -> Ran<Vec<Dial>> {
    let dial = |(line, person): (usize, &usize)| {
        let token = &accounts.person(*person)?.access_token;
        Ok(Dial { from: target.source(line), request: dialect::upgrade_as(target, token, None) })
    };
    people.iter().enumerate().map(dial).collect()
}
