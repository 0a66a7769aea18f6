//! How often somebody may do something: which token bucket an action takes from, and the refusal.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use tertulia_domain::Refusal;
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::{Clock, LimitKey, Rate};

use crate::Answer;

/// What is counted, and for whom: a user however many connections they have, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Messages in the last moment: 10/s, burst 20.
    Message(UserId),
    /// Messages over time: 100 a minute.
    MessageSustained(UserId),
    /// Urgent messages: 3 an hour.
    Urgent(UserId),
    /// Edits, deletions, reactions, pins: 10/s, burst 30.
    Change(UserId),
    /// 1/s in each conversation.
    Typing(UserId, ConversationId),
    /// Watermarks moved at once: 5/s; past it they are gathered.
    Mark(UserId),
    /// 5 a minute for each account and address.
    SignIn(String, IpAddr),
    /// Accounts made from one address: 20 an hour.
    Register(IpAddr),
    /// Sockets opened: 10 a minute for each user (burst 20: a deploy reconnects everybody's tabs).
    Connect(UserId),
    /// 60 a minute.
    ConnectFrom(IpAddr),
    /// Frames and requests of any kind: 50/s, burst 200.
    Request(UserId),
}

impl Key {
    fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::MessageSustained(_) => "message-sustained",
            Self::Urgent(_) => "urgent",
            Self::Change(_) => "change",
            Self::Typing(..) => "typing",
            Self::Mark(_) => "mark",
            Self::SignIn(..) => "sign-in",
            Self::Register(_) => "register",
            Self::Connect(_) => "connect",
            Self::ConnectFrom(_) => "connect-from",
            Self::Request(_) => "request",
        }
    }

    fn subject(&self) -> u128 {
        match self {
            Self::Message(user) | Self::MessageSustained(user) | Self::Urgent(user) | Self::Change(user) => user.0.as_u128(),
            Self::Mark(user) | Self::Connect(user) | Self::Request(user) => user.0.as_u128(),
            Self::Typing(user, conversation) => hashed(&[user.as_bytes(), conversation.as_bytes()]),
            Self::SignIn(account, address) => hashed(&[&network(*address).to_be_bytes(), account.as_bytes()]),
            Self::Register(address) | Self::ConnectFrom(address) => network(*address),
        }
    }

    fn rate(&self) -> Rate {
        let (burst, refill_ms) = match self {
            Self::Message(_) => (20, 100),
            Self::MessageSustained(_) => (100, 600),
            Self::Urgent(_) => (3, 20 * 60_000),
            Self::Change(_) => (30, 100),
            Self::Typing(..) => (1, 1_000),
            Self::Mark(_) => (5, 200),
            Self::SignIn(..) => (5, 12_000),
            Self::Register(_) => (20, 180_000),
            Self::Connect(_) => (20, 6_000),
            Self::ConnectFrom(_) => (60, 1_000),
            Self::Request(_) => (200, 20),
        };
        Rate { burst, refill: Duration::from_millis(refill_ms) }
    }
}

/// Whoever has one IPv6 address has the 2^64 of its network; an IPv4 address stands alone.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
    }
}

/// The same on every node, and not to be aimed at another's. All parts but the last are of fixed length.
fn hashed(parts: &[&[u8]]) -> u128 {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let hash = context.finish();
    hash.as_ref().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

/// All buckets, on or off.
pub struct Limits {
    buckets: Arc<dyn tertulia_ports::Limits>,
    clock: Arc<dyn Clock>,
    on: bool,
}

impl Limits {
    pub(crate) fn new(buckets: Arc<dyn tertulia_ports::Limits>, clock: Arc<dyn Clock>, on: bool) -> Self {
        Self { buckets, clock, on }
    }

    /// Takes one token, or refuses with the time until there is one.
    pub fn take(&self, key: Key) -> Answer<()> {
        if !self.on {
            return Ok(());
        }
        let counted = LimitKey { action: key.name(), subject: key.subject() };
        self.buckets.take(counted, key.rate(), self.clock.instant()).map_err(|wait| {
            metrics::counter!("tertulia_rate_limited_total", "action" => counted.action).increment(1);
            Refusal::rate_limited(u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX).max(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tertulia_embedded::MemoryLimits;
    use tertulia_testkit::ManualClock;
    use uuid::Uuid;

    fn limits() -> (Limits, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Limits::new(Arc::new(MemoryLimits::default()), clock.clone(), true), clock)
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_says_when() {
        let (limits, clock) = limits();
        let key = || Key::Message(UserId(Uuid::nil()));
        for _ in 0..20 {
            limits.take(key()).unwrap();
        }
        assert_eq!(limits.take(key()).unwrap_err().retry_after_ms, Some(100));
        clock.advance(Duration::from_millis(100));
        limits.take(key()).unwrap();
        limits.take(key()).unwrap_err();
        assert!(limits.take(Key::Message(UserId(Uuid::max()))).is_ok(), "others are not touched");
    }

    #[test]
    fn who_waits_as_long_as_told_is_not_refused_again() {
        let (limits, clock) = limits();
        let key = || Key::Mark(UserId(Uuid::nil()));
        while limits.take(key()).is_ok() {}
        clock.advance(Duration::from_micros(500));
        let wait = limits.take(key()).unwrap_err().retry_after_ms.unwrap();
        clock.advance(Duration::from_millis(wait));
        limits.take(key()).unwrap();
    }

    #[test]
    fn addresses_count_by_network() {
        let of = |address: &str| Key::Register(address.parse().unwrap()).subject();
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"), "the same client, seen through an IPv6 socket");
    }

    #[test]
    fn texts_are_hashed_with_their_address() {
        let of = |name: &str, address: &str| Key::SignIn(name.into(), address.parse().unwrap()).subject();
        assert_eq!(of("maya", "192.0.2.1"), of("maya", "192.0.2.1"));
        assert_ne!(of("maya", "192.0.2.1"), of("marc", "192.0.2.1"));
        assert_ne!(of("maya", "192.0.2.1"), of("maya", "192.0.2.2"));
    }
}
