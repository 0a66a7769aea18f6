//! What a shard is told. One shard's commands are carried out in the order in which they were given.

use std::time::Instant;

use tertulia_domain::ids::{ConnectionId, UserId};
use tertulia_services::Caller;

use super::close::Close;
use super::hub::{Audience, RoomNo};
use super::outgoing::Frame;
use super::shard::Adopted;

#[derive(Debug)]
pub enum Command {
    /// A connection takes a slot. What it is sent waits until its socket comes.
    Open {
        slot: u32,
        caller: Caller,
        id: ConnectionId,
    },
    /// Its socket.
    Adopt(Box<Adopted>),
    /// Its socket will not come.
    Abandon {
        slot: u32,
    },
    Listen {
        slot: u32,
        rooms: Vec<RoomNo>,
    },
    Unlisten {
        slot: u32,
        room: RoomNo,
    },
    /// `at`: the hub's time of it; never goes back within a shard.
    ToRoom {
        room: RoomNo,
        frame: Frame,
        audience: Audience,
        except: Option<UserId>,
        at: Instant,
    },
    ToConnection {
        slot: u32,
        frame: Frame,
    },
    /// What the connection looks at.
    Focus {
        slot: u32,
        room: Option<RoomNo>,
    },
    /// After what waits, the connection ends. The first reason counts.
    Close {
        slot: u32,
        close: Close,
    },
    /// A newer access token ends then, in milliseconds since 1970.
    Expires {
        slot: u32,
        at_ms: i64,
    },
    /// A frame that is being carried out can go on.
    Poll {
        slot: u32,
        generation: u32,
    },
    /// The server ends.
    Stop,
}
