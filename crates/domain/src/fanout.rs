//! How an event reaches people depends on the size of its conversation.

/// Above it, who does not look gets a hint instead of events, and receipts are not pushed; from it on, effects per
/// member (badges) are not counted for everybody.
pub const LARGE_MEMBERS: u64 = 100;
