//! Promises of [`tertulia_ports::Attendance`], for every adapter.

use std::sync::Arc;

use tertulia_domain::presence::{Chosen, PresenceState, Status};
use tertulia_domain::{Timestamp, UserId};
use tertulia_ports::Attendance;
use tertulia_ports::attendance::Report;

use crate::world::new_id;

/// Runs the suite: a test for each promise. `$open`: an expression that is a future of two nodes' views of one cluster,
/// `Arc<dyn Attendance>` each, and of whatever has to live as long.
#[macro_export]
macro_rules! attendance_suite {
    ($open:expr) => {
        $crate::attendance_suite!(@each $open, connections_of_all_nodes_count, what_was_chosen_last_counts_everywhere, many_are_asked_for_at_once);
    };
    (@each $open:expr, $($name:ident),+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (one, other, _kept) = $open.await;
            $crate::attendance_suite::$name(one, other).await;
        }
    )+};
}

fn at(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millis(ms)
}

fn connected(user_id: UserId, connections: u32) -> Report {
    Report { user_id, connections, chosen: None, last_seen_at: None }
}

async fn report(node: &Arc<dyn Attendance>, report: Report) -> PresenceState {
    node.report(vec![report]).await.unwrap().remove(0)
}

pub async fn connections_of_all_nodes_count(one: Arc<dyn Attendance>, other: Arc<dyn Attendance>) {
    let maya = new_id();
    assert_eq!(report(&one, connected(maya, 1)).await.connections, 1);
    assert_eq!(report(&other, connected(maya, 2)).await.connections, 3);
    assert_eq!(report(&one, connected(maya, 2)).await.connections, 4, "a node's number replaces its last one");
    assert_eq!(one.of(&[maya]).await.unwrap()[0].connections, 4);
    let gone = Report { last_seen_at: at(7_000), ..connected(maya, 0) };
    assert_eq!(report(&one, gone.clone()).await, PresenceState { connections: 2, chosen: None, last_seen_at: at(7_000) });
    let earlier = Report { last_seen_at: at(5_000), ..gone };
    assert_eq!(report(&other, earlier).await, PresenceState { connections: 0, chosen: None, last_seen_at: at(7_000) });
    assert_eq!(one.of(&[maya]).await.unwrap()[0].connections, 0);
}

pub async fn what_was_chosen_last_counts_everywhere(one: Arc<dyn Attendance>, other: Arc<dyn Attendance>) {
    let maya: UserId = new_id();
    let chosen = |text: &str| Chosen { status: Status::Dnd, text: Some(text.into()), emoji: Some("🥐\"".into()), until: at(9_000) };
    report(&one, Report { chosen: Some(Some(chosen("one"))), ..connected(maya, 1) }).await;
    let second = report(&other, Report { chosen: Some(Some(chosen("two"))), ..connected(maya, 1) }).await;
    assert_eq!((second.connections, second.chosen), (2, Some(chosen("two"))));
    assert_eq!(one.of(&[maya]).await.unwrap()[0].chosen, Some(chosen("two")));
    report(&one, connected(maya, 0)).await;
    assert_eq!(report(&other, connected(maya, 0)).await.chosen, Some(chosen("two")), "it outlives connections");
    assert_eq!(report(&one, Report { chosen: Some(None), ..connected(maya, 1) }).await.chosen, None);
    assert_eq!(other.of(&[maya]).await.unwrap()[0].chosen, None);
}

pub async fn many_are_asked_for_at_once(one: Arc<dyn Attendance>, other: Arc<dyn Attendance>) {
    let users: Vec<UserId> = (0..500).map(|_| new_id()).collect();
    let here: Vec<Report> = users.iter().step_by(2).map(|user| connected(*user, 1)).collect();
    assert_eq!(one.report(here.clone()).await.unwrap().len(), here.len());
    let known = other.of(&users).await.unwrap();
    let counted: Vec<u32> = known.iter().map(|state| state.connections).collect();
    assert_eq!(counted, (0..500).map(|place| u32::from(place % 2 == 0)).collect::<Vec<_>>());
    assert!(one.of(&[]).await.unwrap().is_empty() && one.report(Vec::new()).await.unwrap().is_empty());
}
