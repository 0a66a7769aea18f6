//! Two nodes of a cluster whose broker comes and goes: what one sends, and what the other hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tertulia_ports::Carrier;
use tertulia_ports::carrier::Carried;

/// In which a loss has to be noticed, and what came back has to be found.
const SOON: Duration = Duration::from_secs(5);

/// Waits until it holds.
pub async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SOON, "{what}: not within {SOON:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a node heard: the last number, and how often something was lost.
#[derive(Default)]
pub struct Heard {
    pub last: AtomicU64,
    pub lost: AtomicU64,
}

/// Numbered payloads from one node to the other.
pub struct CarrierScene {
    pub one: Arc<dyn Carrier>,
    pub other: Arc<dyn Carrier>,
    pub heard: Arc<Heard>,
    pub sent: AtomicU64,
}

impl CarrierScene {
    /// Until the first payload has come.
    pub async fn open(one: Arc<dyn Carrier>, other: Arc<dyn Carrier>) -> Self {
        let heard = Arc::new(Heard::default());
        let hears = heard.clone();
        other.receive(Arc::new(move |carried| match carried {
            Carried::Payload(_, payload) => hears.last.store(u64::from_be_bytes(payload[..8].try_into().unwrap()), Ordering::SeqCst),
            Carried::Lost => drop(hears.lost.fetch_add(1, Ordering::SeqCst)),
        }));
        let scene = Self { one, other, heard, sent: AtomicU64::new(0) };
        scene.arrives().await;
        scene
    }

    /// Whether the next number was taken.
    pub fn send(&self) -> bool {
        let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        self.one.send(u8::try_from(number % 16).unwrap(), Bytes::copy_from_slice(&number.to_be_bytes()))
    }

    pub fn lost(&self) -> u64 {
        self.heard.lost.load(Ordering::SeqCst)
    }

    pub fn is_well(&self) -> [bool; 2] {
        [self.one.health().is_ok(), self.other.health().is_ok()]
    }

    /// What is sent from now on comes.
    pub async fn arrives(&self) {
        assert!(self.send());
        let number = self.sent.load(Ordering::SeqCst);
        soon("a payload arrives", || self.heard.last.load(Ordering::SeqCst) == number).await;
    }

    pub async fn comes_back(&self, lost_before: u64) {
        soon("both are well again", || self.is_well() == [true, true]).await;
        soon("the loss is told", || self.lost() > lost_before).await;
        self.arrives().await;
    }
}
