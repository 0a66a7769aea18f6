//! Promises of [`tertulia_ports::Bus`], for every adapter.

use std::sync::Arc;
use std::time::Duration;

use tertulia_domain::{ConversationId, UserId};
use tertulia_ports::{Bus, Heard, Signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::world::new_id;

/// Runs the suite: a test for each promise. `$open` makes a bus: `Arc<dyn Bus>` in an async block's value.
#[macro_export]
macro_rules! bus_suite {
    ($open:expr) => {
        $crate::bus_suite!(@each $open, every_listener_hears_everything_from_its_beginning, a_listener_may_publish);
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

fn listen(bus: &Arc<dyn Bus>) -> UnboundedReceiver<Heard> {
    let (said, heard) = unbounded_channel();
    bus.listen(Arc::new(move |next| drop(said.send(next.clone()))));
    heard
}

async fn hear(listener: &mut UnboundedReceiver<Heard>) -> Heard {
    tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.expect("nothing heard").expect("the bus is gone")
}

pub async fn every_listener_hears_everything_from_its_beginning(bus: Arc<dyn Bus>) {
    bus.publish(signal(new_id()));
    let (mut one, mut other) = (listen(&bus), listen(&bus));
    let signals: Vec<Signal> = (0..100).map(|_| signal(new_id())).collect();
    signals.iter().for_each(|signal| bus.publish(signal.clone()));
    for listener in [&mut one, &mut other] {
        for signal in &signals {
            assert_eq!(hear(listener).await, Heard::Signal(signal.clone()));
        }
    }
}

/// What follows from a signal is told from within it, also while others begin to listen.
pub async fn a_listener_may_publish(bus: Arc<dyn Bus>) {
    let (question, answer) = (signal(new_id()), signal(new_id()));
    let mut heard = listen(&bus);
    let (asked, said, answering) = (Heard::Signal(question.clone()), answer.clone(), Arc::downgrade(&bus));
    bus.listen(Arc::new(move |next| {
        if *next == asked
            && let Some(bus) = answering.upgrade()
        {
            bus.listen(Arc::new(|_| {}));
            bus.publish(said.clone());
        }
    }));
    bus.publish(question.clone());
    let both = [hear(&mut heard).await, hear(&mut heard).await];
    assert!(both.contains(&Heard::Signal(question)) && both.contains(&Heard::Signal(answer)), "{both:?}");
}
