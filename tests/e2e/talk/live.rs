//! What comes without being asked: order, typing, several devices.

use std::time::{Duration, Instant};

use serde_json::json;
use tertulia_tests::{Scene, Server};

#[tokio::test]
async fn everybody_hears_everything_in_the_same_order() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let people = scene.members(["a", "b", "c", "d"]).await;
    let channel = scene.channel(&people.iter().collect::<Vec<_>>()).await;
    let mut sockets = Vec::new();
    for person in &people {
        sockets.push(person.socket().await);
    }
    let before = people[0].conversation(&channel).await["head"].as_u64().unwrap();
    let mut asked = Vec::new();
    for socket in &mut sockets {
        for n in 0..10 {
            let body = json!({ "messageId": tertulia_tests::new_id(), "conversationId": channel, "content": tertulia_tests::text(&n.to_string()) });
            asked.push(socket.send("message.send", body).await);
        }
    }
    for (id, socket) in asked.iter().zip((0..4).flat_map(|n| std::iter::repeat_n(n, 10))) {
        assert_eq!(sockets[socket].ack(id).await["status"], "ok");
    }
    let log = people[0].log_of(&channel).await;
    for socket in &mut sockets {
        for seq in before + 1..=before + 40 {
            let event = socket.expect("message.new").await;
            assert_eq!(event["seq"], seq);
            assert_eq!(event["message"]["id"], log[seq as usize - 1]["payload"]["message"]["id"]);
        }
    }
}

#[tokio::test]
async fn typing_shows_ends_by_itself_and_with_the_message() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let place = json!({ "conversationId": direct });
    hers.ok("typing.start", place.clone()).await;
    let shown = his.expect("typing.indicator").await;
    assert_eq!((&shown["userId"], &shown["displayName"], &shown["active"]), (&json!(maya.id()), &json!("maya"), &json!(true)));
    hers.ok("typing.stop", place.clone()).await;
    assert_eq!(his.expect("typing.indicator").await["active"], false);
    hers.ok("typing.start", place.clone()).await;
    assert_eq!(his.expect("typing.indicator").await["active"], true);
    hers.say(&direct, "done").await;
    assert_eq!(his.expect("typing.indicator").await["active"], false, "the message ends it");
    hers.ok("typing.start", place).await;
    his.expect_where("typing.indicator", |typing| typing["active"] == true).await;
    let started = Instant::now();
    drop(hers);
    his.expect_where("typing.indicator", |typing| typing["active"] == false).await;
    let shown_for = started.elapsed();
    assert!((Duration::from_millis(4_000)..Duration::from_millis(6_500)).contains(&shown_for), "{shown_for:?}");
    assert_eq!(maya.log_of(&direct).await.iter().filter(|event| event["type"] == "message.new").count(), 1, "typing is never stored");
}
