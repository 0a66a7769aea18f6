//! How an event reaches people: by size of the conversation. Pure.

/// From this many members on, per-member effects run in workers, and receipts are not pushed.
pub const LARGE_MEMBERS: u64 = 100;

/// The way an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Full push to everybody connected, effects per member at once.
    Direct,
    /// Full push to the connections that listen, effects per member off the send path.
    Queued,
}

/// Decides the way for a conversation of `members`.
pub fn plan_fanout(members: u64) -> Plan {
    if members < LARGE_MEMBERS { Plan::Direct } else { Plan::Queued }
}
