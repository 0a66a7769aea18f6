//! Going on where a connection ended: M1–M14, W16.

use std::time::Duration;

use serde_json::{Value, json};
use tertulia_tests::{Client, Options, Scene, Server, Socket, new_id, text};

async fn resume(client: &Client, token: &str) -> Socket {
    let bearer = format!("Bearer {}", client.access_token());
    Socket::with(client, &format!("?resume={token}"), &[("authorization", &bearer)]).await
}

fn token(socket: &Socket) -> String {
    socket.connected["resumeToken"].as_str().unwrap().to_owned()
}

/// The socket is gone without a word, and the server has noticed.
async fn cut(socket: Socket, other: &mut Socket, whose: &Client) {
    other.ok("presence.subscribe", json!({ "userIds": [whose.id()] })).await;
    drop(socket);
    // Alone, or in a batch with what came just before.
    other.expect_presence(whose, |presence| presence["status"] == "offline").await;
}

async fn words_of(socket: &mut Socket, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    for _ in 0..count {
        let event = socket.expect("message.new").await;
        words.push(event["message"]["content"]["text"].as_str().unwrap().to_owned());
    }
    words
}

#[tokio::test]
async fn what_was_missed_comes_in_order_without_asking() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar, ines] = scene.members(["maya", "omar", "ines"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut his, mut hers) = (omar.socket().await, maya.socket().await);
    let before = hers.say(&direct, "before").await;
    his.expect_where("message.new", |event| event["seq"] == before["seq"]).await;
    his.ok("presence.subscribe", json!({ "userIds": [ines.id()] })).await;
    let old = token(&his);
    cut(his, &mut hers, &omar).await;
    let said: Vec<String> = (0..30).map(|n| format!("missed {n}")).collect();
    for words in &said {
        hers.say(&direct, words).await;
    }
    let mut his = resume(&omar, &old).await;
    assert_eq!(his.connected["resumed"], true);
    let first_new = his.expect("message.new").await;
    let from = first_new["message"]["content"]["text"].as_str().unwrap().to_owned();
    // What was sent just before the end may come again: nobody proved that it had come.
    let mut words = vec![from.clone()];
    words.extend(words_of(&mut his, said.len() - usize::from(from != "before")).await);
    assert_eq!(&words[words.len() - said.len()..], said);
    hers.say(&direct, "after").await;
    assert_eq!(words_of(&mut his, 1).await, ["after"]);
    // What it watched it watches still.
    let _there = ines.socket().await;
    his.expect_presence(&ines, |_| true).await;
    assert_ne!(token(&his), old);
    assert_eq!(resume(&omar, &old).await.connected["resumed"], false, "a token is good once");
}

#[tokio::test]
async fn a_socket_that_is_not_known_to_be_dead_hands_over() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut old, mut hers) = (omar.socket().await, maya.socket().await);
    for round in 0..5 {
        hers.say(&direct, &format!("{round}, on the old one")).await;
        let mut new = resume(&omar, &token(&old)).await;
        assert_eq!(new.connected["resumed"], true);
        let closed = old.closed().await;
        assert_eq!((closed.code, closed.reason.as_str()), (1000, "RESUMED"));
        hers.say(&direct, &format!("{round}, on the new one")).await;
        let last = |event: &Value| event["message"]["content"]["text"] == format!("{round}, on the new one");
        new.expect_where("message.new", last).await;
        old = new;
    }
}

#[tokio::test]
async fn conversations_gained_and_lost_meanwhile_are_told() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let lost = scene.channel(&[&maya, &omar]).await;
    let (his, mut hers) = (omar.socket().await, maya.socket().await);
    let old = token(&his);
    cut(his, &mut hers, &omar).await;
    scene.owner.delete(&format!("conversations/{lost}/members/{}", omar.id())).await.ok();
    hers.say(&lost, "not for omar").await;
    let gained = scene.channel(&[&maya, &omar]).await;
    let mut his = resume(&omar, &old).await;
    assert_eq!(his.connected["resumed"], true);
    his.expect_where("conversation.removed", |gone| gone["conversationId"] == *lost).await;
    his.expect_where("conversation.added", |new| new["conversation"]["id"] == *gained).await;
    let frames = his.gather(Duration::from_millis(300)).await;
    assert!(!frames.iter().any(|frame| frame.to_string().contains("not for omar")), "{frames:?}");
}

#[tokio::test]
async fn nobody_goes_on_from_anothers_connection() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let his = omar.socket().await;
    let stolen = token(&his);
    let same_id_other_proof = format!("{}AAAAAAAAAAAAAAAAAAAAAA", &stolen[..21]);
    for bad in [stolen.as_str(), &stolen[..20], same_id_other_proof.as_str(), "%00", &"A".repeat(5_000), ""] {
        assert_eq!(resume(&maya, bad).await.connected["resumed"], false, "W16: {bad}");
    }
    let device = omar.login_again().await;
    assert_eq!(resume(&device, &stolen).await.connected["resumed"], false, "another session of the same user");
    assert_eq!(resume(&omar, &stolen).await.connected["resumed"], true, "its own");
}

#[tokio::test]
async fn who_missed_too_much_syncs() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (his, mut hers) = (omar.socket().await, maya.socket().await);
    let old = token(&his);
    cut(his, &mut hers, &omar).await;
    let mut asked = Vec::new();
    for n in 0..1_005 {
        let body = json!({ "messageId": new_id(), "conversationId": direct, "content": text(&format!("{n}")) });
        asked.push(hers.send("message.send", body).await);
    }
    for id in asked {
        hers.ack(&id).await;
    }
    assert_eq!(resume(&omar, &old).await.connected["resumed"], false);
}

#[tokio::test]
async fn a_drained_restart_is_gone_over_and_a_kill_is_admitted() {
    let more = ["--set", "drain_seconds=1"].map(str::to_owned).into();
    let mut server = Server::with(Options { more, ..Options::default() });
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (his, mut hers) = (omar.socket().await, maya.socket().await);
    hers.say(&direct, "before the restart").await;
    let (old, mut his) = (token(&his), his);
    server.ask_to_stop();
    assert_eq!(his.closed().await.code, 4400);
    assert!(server.wait().success());
    server.restart();
    let (maya, omar) = (maya.reconnected(), omar.reconnected());
    maya.say(&direct, "after the restart").await;
    let mut his = resume(&omar, &old).await;
    assert_eq!(his.connected["resumed"], true);
    his.expect_where("message.new", |event| event["message"]["content"]["text"] == "after the restart").await;
    let old = token(&his);
    server.kill9();
    server.restart();
    assert_eq!(resume(&omar.reconnected(), &old).await.connected["resumed"], false);
}
