//! Bugs on purpose, to prove that `tertulia torture` finds them. They exist in builds with the feature `sabotage` only, which
//! no release has, and there one of them at most is on: the one that the server's configuration chose.

/// What may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A `messageId` that is known is written again.
    Dedup,
    /// SQLite's `synchronous=NORMAL`: a commit is not synced.
    Synchronous,
    /// Answers to sent messages leave before the commit.
    EarlyAck,
    /// Who was put out goes on listening.
    Membership,
    /// One of ten signals from other nodes does not come, another one comes twice. No bug: that is what a bus may do.
    LossyBus,
}

impl Sabotage {
    pub const ALL: &[(&str, Self)] = &[
        ("dedup", Self::Dedup),
        ("synchronous", Self::Synchronous),
        ("early-ack", Self::EarlyAck),
        ("membership", Self::Membership),
        ("lossy-bus", Self::LossyBus),
    ];
}

#[cfg(feature = "sabotage")]
static CHOSEN: std::sync::OnceLock<Sabotage> = std::sync::OnceLock::new();

/// Turns one on, for as long as the process lives.
#[cfg(feature = "sabotage")]
pub fn choose(sabotage: Sabotage) {
    CHOSEN.get_or_init(|| sabotage);
}

/// Whether this one is on.
#[cfg(feature = "sabotage")]
pub fn is_on(sabotage: Sabotage) -> bool {
    CHOSEN.get() == Some(&sabotage)
}

/// Never, in this build.
#[cfg(not(feature = "sabotage"))]
pub const fn is_on(_: Sabotage) -> bool {
    false
}
