//! Promises of [`tertulia_ports::Bus`], for every adapter.

use std::sync::Arc;
use std::time::Duration;

use tertulia_domain::{ConversationId, UserId};
use tertulia_ports::{Bus, Heard, Signal, Subscription};

use crate::world::new_id;

/// Runs the suite: a test for each promise. `$open` makes a bus: `Arc<dyn Bus>` in an async block's value.
#[macro_export]
macro_rules! bus_suite {
    ($open:expr) => {
        $crate::bus_suite!(@each $open, every_listener_hears_everything_from_its_beginning, a_publisher_never_waits_for_listeners);
    };
    (@each $open:expr, $($name:ident),+) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::bus_suite::$name($open.await).await;
        }
    )+};
}

fn signal(conversation_id: ConversationId) -> Signal {
    Signal::Gained { user_id: new_id::<UserId>(), conversation_id }
}

async fn hear(listener: &mut Box<dyn Subscription>) -> Heard {
    tokio::time::timeout(Duration::from_secs(10), listener.next()).await.expect("nothing heard").expect("the bus is gone")
}

pub async fn every_listener_hears_everything_from_its_beginning(bus: Arc<dyn Bus>) {
    bus.publish(signal(new_id()));
    let (mut one, mut other) = (bus.subscribe(), bus.subscribe());
    let signals: Vec<Signal> = (0..100).map(|_| signal(new_id())).collect();
    signals.iter().for_each(|signal| bus.publish(signal.clone()));
    for listener in [&mut one, &mut other] {
        for signal in &signals {
            assert_eq!(hear(listener).await, Heard::Signal(signal.clone()));
        }
    }
}

/// Who falls too far behind hears so, and then the newest.
pub async fn a_publisher_never_waits_for_listeners(bus: Arc<dyn Bus>) {
    let mut slow = bus.subscribe();
    for _ in 0..200_000 {
        bus.publish(signal(new_id()));
    }
    let last = signal(new_id());
    bus.publish(last.clone());
    let mut lost = false;
    loop {
        match hear(&mut slow).await {
            Heard::Lost => lost = true,
            Heard::Signal(signal) if signal == last => break,
            Heard::Signal(_) => {}
        }
    }
    assert!(lost, "200,000 signals were kept for a listener that did not listen");
}
