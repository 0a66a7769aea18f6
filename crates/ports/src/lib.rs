//! What the server needs from outside, as traits with their contracts. An adapter fulfils them; the
//! suite in `crates/testkit` says whether it does. No logic here.

pub mod bus;
pub mod clock;
pub mod limits;
pub mod sabotage;
pub mod store;
pub mod waking;

pub use bus::{Bus, Ear, Heard, ReceiptKind, Signal};
pub use clock::Clock;
pub use limits::{LimitKey, Limits, Rate};
pub use store::{Store, StoreError, StoreResult};
