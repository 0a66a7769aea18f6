//! What the server needs from outside, as traits with their contracts. An adapter fulfils them; the
//! suite in `crates/testkit` says whether it does. No logic here.

pub mod attendance;
pub mod bus;
pub mod carrier;
pub mod clock;
pub mod handover;
pub mod limits;
pub mod queue;
pub mod sabotage;
pub mod store;
pub mod waking;

pub use attendance::Attendance;
pub use bus::{Bus, Ear, Heard, ReceiptKind, Signal};
pub use carrier::Carrier;
pub use clock::Clock;
pub use handover::{Handover, Handovers};
pub use limits::{LimitKey, Limits, Rate};
pub use queue::Queue;
pub use store::{Store, StoreError, StoreResult};
