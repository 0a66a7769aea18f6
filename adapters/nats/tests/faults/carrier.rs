//! Payloads while the broker goes and comes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tertulia_ports::carrier::Carried;

use tertulia_testkit::CarrierScene;

use crate::server::Server;
use crate::{node, soon};

async fn scene(server: &Server) -> CarrierScene {
    let [one, other] = [node(server).await, node(server).await];
    CarrierScene::open(one.carrier().await.unwrap(), other.carrier().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_comes_back() {
    let mut server = Server::start("");
    let scene = scene(&server).await;
    for _ in 0..2 {
        let lost = scene.lost();
        server.kill();
        soon("the loss is noticed", || {
            scene.send();
            scene.is_well() == [false, false]
        })
        .await;
        assert!(!scene.send(), "taken, although nobody is there");
        assert!(scene.one.health().unwrap_err().contains("NATS"));
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.start_again();
        scene.comes_back(lost).await;
    }
}

/// As behind a network that was cut: nothing says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_says_nothing_any_more() {
    let server = Server::start("");
    let scene = scene(&server).await;
    let lost = scene.lost();
    server.signal("STOP");
    soon("the loss is noticed", || {
        scene.send();
        scene.is_well() == [false, false]
    })
    .await;
    server.signal("CONT");
    scene.comes_back(lost).await;
}

/// A receiver that takes too long is told that it missed something, and goes on with what comes next.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_slow_is_told() {
    let server = Server::start("");
    let (one, other) = (node(&server).await.carrier().await.unwrap(), node(&server).await.carrier().await.unwrap());
    let (heard, slow) = (Arc::new(tertulia_testkit::carrier_scene::Heard::default()), Arc::new(std::sync::Mutex::new(())));
    let (hears, waits) = (heard.clone(), slow.clone());
    other.receive(Arc::new(move |carried| {
        drop(waits.lock().unwrap());
        match carried {
            Carried::Payload(..) => hears.last.fetch_add(1, Ordering::SeqCst),
            Carried::Lost => hears.lost.fetch_add(1, Ordering::SeqCst),
        };
    }));
    let send = || one.send(0, Bytes::from_static(&[7; 500]));
    let held = slow.lock().unwrap();
    let mut taken = 0_u64;
    while taken < 40_000 {
        if send() { taken += 1 } else { std::thread::sleep(Duration::from_millis(1)) }
    }
    // All that was taken is on its way; nobody waits for it.
    std::thread::sleep(Duration::from_secs(1));
    drop(held);
    soon("the loss is told", || heard.lost.load(Ordering::SeqCst) > 0).await;
    soon("the next arrive", || {
        let before = heard.last.load(Ordering::SeqCst);
        send();
        std::thread::sleep(Duration::from_millis(20));
        heard.last.load(Ordering::SeqCst) == before + 1
    })
    .await;
    assert!(heard.last.load(Ordering::SeqCst) < taken);
}

/// A server that says nothing takes as much as fits, and nobody waits.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_at_once() {
    let server = Server::start("");
    let scene = scene(&server).await;
    let lost = scene.lost();
    server.signal("STOP");
    let (start, large) = (std::time::Instant::now(), Bytes::from(vec![0; 8 * 1024]));
    let taken = (0..20_000).filter(|_| scene.one.send(0, large.clone())).count();
    assert!(taken < 10_000, "{taken} taken");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    soon("the loss is noticed", || scene.is_well() == [false, false]).await;
    server.signal("CONT");
    scene.comes_back(lost).await;
}
