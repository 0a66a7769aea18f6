//! W12, W20: too fast, too slow, silent.

use std::time::{Duration, Instant};

use serde_json::json;
use tertulia_tests::{Options, RawSocket, Scene, Server, frame, new_id, text};

#[tokio::test]
async fn w12_a_flood_is_refused_then_cut_off() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let mut socket = RawSocket::open(&maya).await;
    let message = || {
        let payload = json!({ "messageId": new_id(), "conversationId": scene.general, "content": text("flood") });
        frame(0x81, json!({ "type": "message.send", "id": new_id(), "payload": payload }).to_string().as_bytes())
    };
    let flood: Vec<u8> = (0..150).flat_map(|_| message()).collect();
    socket.write(&flood).await;
    let (mut ok, mut refused) = (0, 0);
    while ok + refused < 150 {
        let answer = socket.read_json().await;
        match answer["payload"]["error"]["code"].as_str() {
            Some("RATE_LIMITED") => refused += 1,
            Some(other) => panic!("{other}"),
            None if answer["type"] == "ack" => ok += 1,
            None => {}
        }
    }
    assert!((20..=40).contains(&ok), "a burst of 20, then 10/s: {ok}");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(25) {
        let flood: Vec<u8> = (0..100).flat_map(|_| message()).collect();
        if !socket.write(&flood).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(20), "not cut off");
    let closed = socket.closed().await;
    assert!(closed.code == 4429 || closed.code == 1006, "{closed:?}");
}

#[tokio::test]
async fn w20_who_never_reads_is_closed_and_harms_nobody() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar, ines] = scene.members(["maya", "omar", "ines"]).await;
    let channel = scene.channel(&[&maya, &omar, &ines]).await;
    let mut slow = RawSocket::open_small(&omar).await;
    let (mut hers, mut others) = (maya.socket().await, ines.socket().await);
    let long = "語".repeat(15_000);
    for n in 0..140 {
        hers.say(&channel, &long).await;
        let got = others.expect("message.new").await;
        assert_eq!(got["message"]["content"]["text"].as_str().unwrap().len(), long.len(), "message {n}");
        hers.expect("message.new").await;
    }
    let closed = slow.closed().await;
    assert!(closed.code == 4408 || closed.code == 1006, "{closed:?}");
    let metrics = maya.get("/metrics").await.body;
    let counted = metrics.lines().any(|line| line.contains("SLOW_CONSUMER") || line.contains("4408"));
    assert!(closed.code == 4408 || counted, "closed for another reason:\n{metrics}");
    omar.socket().await.settle().await;
}
