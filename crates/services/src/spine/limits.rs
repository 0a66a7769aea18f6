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
    /// Messages in the last moment.
    Message(UserId),
    /// Messages over time.
    MessageSustained(UserId),
    /// Urgent messages.
    Urgent(UserId),
    /// Edits, deletions, reactions, pins.
    Change(UserId),
    /// 1/s in each conversation.
    Typing(UserId, ConversationId),
    /// Watermarks moved at once: 5/s; past it they are gathered.
    Mark(UserId),
    /// Statuses chosen: 1 in ten seconds; past it the last one waits.
    Presence(UserId),
    /// Passwords tried for an account from an address.
    SignIn(String, IpAddr),
    /// Accounts made from one address.
    Register(IpAddr),
    /// Sockets opened by a user, twice as many at once: a deploy reconnects everybody's tabs.
    Connect(UserId),
    /// Sockets opened from an address.
    ConnectFrom(IpAddr),
    /// Frames and requests of any kind.
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
            Self::Presence(_) => "presence",
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
            Self::Mark(user) | Self::Presence(user) | Self::Connect(user) | Self::Request(user) => user.0.as_u128(),
            Self::Typing(user, conversation) => hashed(&[user.as_bytes(), conversation.as_bytes()]),
            Self::SignIn(account, address) => hashed(&[&network(*address).to_be_bytes(), account.as_bytes()]),
            Self::Register(address) | Self::ConnectFrom(address) => network(*address),
        }
    }

    fn rate(&self, rates: &Rates) -> Rate {
        match self {
            Self::Message(_) => rate(rates.messages_per_second, SECOND, 2),
            Self::MessageSustained(_) => rate(rates.messages_per_minute, MINUTE, 1),
            Self::Urgent(_) => rate(rates.urgent_per_hour, HOUR, 1),
            Self::Change(_) => rate(rates.changes_per_second, SECOND, 3),
            Self::Typing(..) => rate(1, SECOND, 1),
            Self::Mark(_) => rate(5, SECOND, 1),
            Self::Presence(_) => rate(1, PRESENCE_EVERY, 1),
            Self::SignIn(..) => rate(rates.sign_ins_per_minute, MINUTE, 1),
            Self::Register(_) => rate(rates.registrations_per_hour, HOUR, 1),
            Self::Connect(_) => rate(rates.connects_per_minute, MINUTE, 2),
            Self::ConnectFrom(_) => rate(rates.connects_per_minute_from_address, MINUTE, 1),
            Self::Request(_) => rate(rates.requests_per_second, SECOND, 4),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const PRESENCE_EVERY: Duration = Duration::from_secs(10);

/// `count` in each period, and `bursts` times as many at once.
fn rate(count: u32, period: Duration, bursts: u32) -> Rate {
    let count = count.max(1);
    Rate { burst: count.saturating_mul(bursts), refill: (period / count).max(Duration::from_nanos(1)) }
}

/// What an operator may set of it. Each counts for a user, unless it says what else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Twice as many at once.
    pub messages_per_second: u32,
    pub messages_per_minute: u32,
    /// Edits, deletions, reactions, pins; three times as many at once.
    pub changes_per_second: u32,
    pub urgent_per_hour: u32,
    /// Frames and requests of any kind; four times as many at once.
    pub requests_per_second: u32,
    /// Sockets opened; twice as many at once.
    pub connects_per_minute: u32,
    pub connects_per_minute_from_address: u32,
    /// For each account and address.
    pub sign_ins_per_minute: u32,
    /// From each address.
    pub registrations_per_hour: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages_per_second: 10,
            messages_per_minute: 100,
            changes_per_second: 10,
            urgent_per_hour: 3,
            requests_per_second: 50,
            connects_per_minute: 10,
            connects_per_minute_from_address: 60,
            sign_ins_per_minute: 5,
            registrations_per_hour: 20,
        }
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
    /// None: off.
    rates: Option<Rates>,
}

impl Limits {
    pub(crate) fn new(buckets: Arc<dyn tertulia_ports::Limits>, clock: Arc<dyn Clock>, rates: Option<Rates>) -> Self {
        Self { buckets, clock, rates }
    }

    /// Takes one token, or refuses with the time until there is one.
    pub fn take(&self, key: Key) -> Answer<()> {
        let Some(rates) = &self.rates else { return Ok(()) };
        let counted = LimitKey { action: key.name(), subject: key.subject() };
        self.buckets.take(counted, key.rate(rates), self.clock.instant()).map_err(|wait| {
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
        (Limits::new(Arc::new(MemoryLimits::default()), clock.clone(), Some(Rates::default())), clock)
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
    fn the_rates_are_those_of_the_contract_unless_an_operator_sets_others() {
        let user = UserId(Uuid::nil());
        let of = |key: Key, rates: &Rates| (key.rate(rates).burst, key.rate(rates).refill.as_millis());
        let given = Rates::default();
        assert_eq!(of(Key::Message(user), &given), (20, 100));
        assert_eq!(of(Key::MessageSustained(user), &given), (100, 600));
        assert_eq!(of(Key::Urgent(user), &given), (3, 20 * 60_000));
        assert_eq!(of(Key::Change(user), &given), (30, 100));
        assert_eq!(of(Key::Mark(user), &given), (5, 200));
        assert_eq!(of(Key::Presence(user), &given), (1, 10_000));
        assert_eq!(of(Key::Connect(user), &given), (20, 6_000));
        assert_eq!(of(Key::Request(user), &given), (200, 20));
        let (maya, address) = ("maya".to_owned(), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(of(Key::SignIn(maya, address), &given), (5, 12_000));
        assert_eq!(of(Key::Register(address), &given), (20, 180_000));
        assert_eq!(of(Key::ConnectFrom(address), &given), (60, 1_000));
        let more = Rates { messages_per_second: 50, ..given };
        assert_eq!(of(Key::Message(user), &more), (100, 20));
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
