//! Payloads while the broker goes and comes.

use std::time::Duration;

use bytes::Bytes;

use tertulia_testkit::CarrierScene;

use crate::server::Server;
use crate::{node, soon};

async fn scene(server: &Server) -> CarrierScene {
    let [one, other] = [node(server).await, node(server).await];
    CarrierScene::open(one.carrier().await.unwrap(), other.carrier().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_comes_back() {
    let mut server = Server::start(&[]);
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
        assert!(scene.one.health().unwrap_err().contains("Redis"));
        tokio::time::sleep(Duration::from_secs(3)).await;
        server.start_again();
        scene.comes_back(lost).await;
    }
}

/// As behind a network that was cut: nothing says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_says_nothing_any_more() {
    let server = Server::start(&[]);
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

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_one_by_one() {
    let server = Server::start(&[]);
    let scene = scene(&server).await;
    // Who sends and what was sent on the way: the one that listens has to hear of either.
    for kind in ["pubsub", "normal"] {
        let lost = scene.lost();
        server.tell(&["CLIENT", "KILL", "TYPE", kind]);
        soon("the loss is told", || {
            scene.send();
            scene.lost() > lost
        })
        .await;
        scene.comes_back(lost).await;
    }
}

/// Clients of Redis wait for it; nobody waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_pauses_takes_no_more_than_fits() {
    let server = Server::start(&[]);
    let scene = scene(&server).await;
    let lost = scene.lost();
    server.tell(&["CLIENT", "PAUSE", "4000", "ALL"]);
    let large = Bytes::from(vec![0; 128 * 1024]);
    let taken = (0..1_000).filter(|_| scene.one.send(0, large.clone())).count();
    assert!(taken < 200, "{taken} of 128 KiB each were taken");
    soon("the loss is noticed", || scene.is_well() == [false, false]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.comes_back(lost).await;
}

/// Somebody else's message on our channels harms nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_somebody_else_counts_as_a_loss() {
    let server = Server::start(&[]);
    let scene = scene(&server).await;
    let lost = scene.lost();
    server.tell(&["PUBLISH", "tertulia:{faults}:carrier-1:3", "hello there"]);
    soon("the loss is told", || scene.lost() > lost).await;
    scene.arrives().await;
}

/// Nothing of it goes on when it is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_is_dropped_lets_go() {
    let server = Server::start(&[]);
    let clients = || {
        let output = std::process::Command::new("redis-cli").args(["-p", &server.port.to_string(), "CLIENT", "LIST"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().filter(|line| line.contains("resp=3")).count()
    };
    let scene = scene(&server).await;
    assert_eq!(clients(), 4, "the commands' connection has gone with its node");
    drop(scene);
    soon("all connections are closed", || clients() == 0).await;
}
