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

#[tokio::test]
async fn w12_pings_are_answered_until_there_are_too_many() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let mut socket = RawSocket::open(&scene.owner).await;
    let pings: Vec<u8> = (0..10_000).flat_map(|_| frame(0x89, b"")).collect();
    socket.write(&pings).await;
    let closed = socket.closed().await;
    assert!(closed.code == 4429 || closed.code == 1006, "{closed:?}");
    scene.owner.get("users/me").await.ok();
}

#[tokio::test]
async fn w20_who_falls_silent_is_offline_after_60_and_closed_after_90_seconds() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let mut silent = RawSocket::open(&maya).await;
    let started = Instant::now();
    let mut his = omar.socket().await;
    his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
    let mut offline_after = None;
    while started.elapsed() < Duration::from_secs(89) {
        his.settle().await;
        let frames = his.gather(Duration::from_millis(500)).await;
        if frames.iter().any(|frame| frame.to_string().contains("offline")) {
            offline_after.get_or_insert(started.elapsed().as_secs());
        }
    }
    assert!(offline_after.is_some_and(|seconds| (59..=85).contains(&seconds)), "{offline_after:?}");
    let closed = silent.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4402, "HEARTBEAT_TIMEOUT"));
    assert!((89..=115).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_closes_with_4400() {
    let mut server = Server::with(Options { more: ["--set", "drain_seconds=2"].map(str::to_owned).into(), ..Options::default() });
    let scene = Scene::new(&server).await;
    let mut socket = scene.owner.socket().await;
    let sent = socket.say(&scene.general, "the last word").await;
    server.ask_to_stop();
    assert!(socket.expect("server.draining").await["reconnectAfterMs"].is_u64());
    let closed = socket.closed().await;
    assert_eq!((closed.code, closed.reason.split(';').next().unwrap()), (4400, "DRAIN"));
    assert!(server.wait().success());
    server.restart();
    assert_eq!(scene.owner.reconnected().conversation(&scene.general).await["head"], sent["seq"]);
}
