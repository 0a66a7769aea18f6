//! Messages: written, changed, answered.

use serde_json::{Value, json};
use tertulia_tests::{Scene, Server, new_id, text};

#[tokio::test]
async fn a_message_reaches_the_other_with_the_acks_seq() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let sent = hers.say(&direct, "Morning! 👋").await;
    let got = his.expect("message.new").await;
    assert_eq!((&got["seq"], &got["message"]["id"], &got["at"]), (&sent["seq"], &sent["messageId"], &sent["createdAt"]));
    assert_eq!((&got["message"]["senderId"], &got["message"]["content"]["text"]), (&json!(maya.id()), &json!("Morning! 👋")));
    assert_eq!(sent["duplicate"], false);
    assert_eq!(hers.expect("message.new").await["seq"], sent["seq"], "the sender's own devices hear it too");
}

#[tokio::test]
async fn content_of_every_type_comes_back_as_it_was_sent() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let contents = [
        json!({ "type": "text", "text": "**bold**", "format": "plain" }),
        json!({ "type": "text", "text": "<script>alert(1)</script>'; DROP TABLE messages; --", "format": "markdown" }),
        json!({ "type": "text", "text": "\u{202e}olleh \u{200f}e\u{301} 👩‍👩‍👧‍👦", "metadata": { "a": [1, { "b": null }] } }),
        json!({ "type": "image", "text": "a caption", "attachments": ["file-1", "file-2"] }),
        json!({ "type": "file", "attachments": ["file-1"] }),
        json!({ "type": "location", "location": { "latitude": -33.45, "longitude": 151.2, "label": "Here" } }),
    ];
    for content in &contents {
        let id = new_id();
        maya.post(&format!("conversations/{}/messages", scene.general), json!({ "messageId": id, "content": content })).await.is(201);
        assert_eq!(maya.get(&format!("messages/{id}")).await.ok()["content"], *content);
    }
}

#[tokio::test]
async fn an_edit_keeps_the_versions_and_a_deletion_leaves_a_tombstone() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let id = maya.say_id(&channel, "helo").await;
    let path = format!("messages/{id}");
    hers.ok("message.edit", json!({ "messageId": id, "content": text("hello") })).await;
    let updated = his.expect("message.updated").await;
    assert_eq!((&updated["messageId"], &updated["content"]["text"]), (&json!(id), &json!("hello")));
    maya.patch(&path, json!({ "content": text("hello there") })).await.ok();
    let versions = omar.get(&format!("{path}/versions")).await.ok();
    let wordings: Vec<&Value> = versions["items"].as_array().unwrap().iter().map(|version| &version["content"]["text"]).collect();
    assert!(wordings.contains(&&json!("helo")) && wordings.contains(&&json!("hello")), "{versions}");
    omar.patch(&path, json!({ "content": text("hijacked") })).await.refused("FORBIDDEN");

    omar.delete(&path).await.refused("FORBIDDEN");
    hers.ok("message.delete", json!({ "messageId": id })).await;
    assert_eq!(his.expect("message.deleted").await["reason"], "deleted");
    let tombstone = omar.get(&path).await.ok();
    assert!(tombstone["deletedAt"].is_string() && tombstone["content"]["text"].is_null());
    assert!(hers.ok("message.delete", json!({ "messageId": id })).await["seq"].is_null(), "a second time changes nothing");
    let log = serde_json::to_string(&omar.log_of(&channel).await).unwrap();
    assert!(!log.contains("hel"), "the words are gone from the log too");
    let gone = omar.get(&format!("{path}/versions")).await;
    assert!(!gone.body.contains("hel"), "and from the versions: {}", gone.body);

    let other = omar.say_id(&channel, "rude").await;
    scene.owner.delete(&format!("messages/{other}")).await.ok();
}

#[tokio::test]
async fn reactions_are_a_set() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let id = maya.say_id(&channel, "cake?").await;
    let react = |emoji: &str, action: &str| json!({ "messageId": id, "emoji": emoji, "action": action });
    assert!(hers.ok("message.react", react("🍰", "add")).await["seq"].is_u64());
    assert!(hers.ok("message.react", react("🍰", "add")).await["seq"].is_null());
    his.ok("message.react", react("🍰", "add")).await;
    let counts: Vec<Value> =
        [his.expect("message.reaction").await, his.expect("message.reaction").await].map(|r| r["count"].clone()).into();
    assert_eq!(counts, [1, 2]);
    let message = omar.get(&format!("messages/{id}")).await.ok();
    let reaction = &message["reactions"][0];
    assert_eq!((&reaction["emoji"], &reaction["count"], &reaction["me"]), (&json!("🍰"), &json!(2), &json!(true)));
    assert_eq!(reaction["userIds"], json!([maya.id(), omar.id()]));
    his.ok("message.react", react("🍰", "remove")).await;
    hers.ok("message.react", react("🍰", "remove")).await;
    assert!(omar.get(&format!("messages/{id}")).await.ok()["reactions"].as_array().unwrap().is_empty());
    omar.post(&format!("messages/{id}/reactions"), json!({ "emoji": ":wave:" })).await.ok();
    assert_eq!(maya.get(&format!("messages/{id}")).await.ok()["reactions"][0]["me"], false);
}

#[tokio::test]
async fn a_thread_hangs_below_its_root() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let root = maya.say_id(&channel, "Where do we meet?").await;
    let reply = |words: &str| json!({ "messageId": new_id(), "content": text(words), "threadRoot": root });
    let path = format!("conversations/{channel}/messages");
    omar.post(&path, reply("At the station")).await.is(201);
    let second = maya.post(&path, reply("Which one?")).await.is(201);
    let thread = omar.get(&format!("conversations/{channel}/threads/{root}")).await.ok();
    assert_eq!((&thread["root"]["id"], &thread["root"]["threadCount"]), (&json!(root), &json!(2)));
    let words: Vec<&Value> = thread["items"].as_array().unwrap().iter().map(|reply| &reply["content"]["text"]).collect();
    assert_eq!(words, ["At the station", "Which one?"]);
    let timeline = omar.get(&path).await.ok();
    assert_eq!(timeline["items"].as_array().unwrap().len(), 1, "replies are not in the timeline");
    assert!(timeline["items"][0]["lastReplyAt"].is_string());
    maya.delete(&format!("messages/{}", second["messageId"].as_str().unwrap())).await.ok();
    assert_eq!(omar.get(&format!("messages/{root}")).await.ok()["threadCount"], 1);
    let quoting = json!({ "messageId": new_id(), "content": text("Yes"), "replyTo": root });
    let quoting = omar.post(&path, quoting).await.is(201);
    assert_eq!(maya.get(&format!("messages/{}", quoting["messageId"].as_str().unwrap())).await.ok()["replyTo"], root);
}

#[tokio::test]
async fn pins_are_for_everybody() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let id = maya.say_id(&channel, "The plan").await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    hers.ok("message.pin", json!({ "messageId": id, "action": "add" })).await;
    assert_eq!(his.expect("message.pinned").await["messageId"], id);
    let pins = omar.get(&format!("conversations/{channel}/pins")).await.ok();
    assert_eq!(pins["items"][0]["id"], id);
    assert!(pins["items"][0]["pinnedAt"].is_string());
    hers.ok("message.pin", json!({ "messageId": id, "action": "remove" })).await;
    assert!(omar.get(&format!("conversations/{channel}/pins")).await.ok()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn mentions_are_those_who_are_there() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let outside = tertulia_tests::Client::register(&server, "outside").await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let words = format!("@{} @{} `@{}` @nobody", omar.username(), outside.username(), maya.username());
    let id = maya.say_id(&channel, &words).await;
    assert_eq!(omar.get(&format!("messages/{id}")).await.ok()["mentions"], json!([omar.id()]));
    let id = maya.say_id(&channel, "@here and @channel").await;
    assert_eq!(omar.get(&format!("messages/{id}")).await.ok()["mentionScope"], "channel");
    assert_eq!(omar.conversation(&channel).await["mentionCount"], 2);
    assert_eq!(maya.conversation(&channel).await["mentionCount"], 0);
}

#[tokio::test]
async fn history_pages_both_ways_without_gap_or_repeat() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let channel = scene.channel(&[&maya]).await;
    let mut live = maya.socket().await;
    for n in 0..25 {
        live.say(&channel, &format!("number {n}")).await;
    }
    let path = format!("conversations/{channel}/messages?limit=10");
    let seqs = |page: &Value| -> Vec<u64> { page["items"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect() };
    let newest = maya.get(&path).await.ok();
    let head = newest["head"].as_u64().unwrap();
    assert_eq!(seqs(&newest), (head - 9..=head).collect::<Vec<_>>());
    let (mut all, mut page) = (seqs(&newest), newest);
    while page["hasMore"] == true {
        page = maya.get(&format!("{path}&before={}", page["nextCursor"].as_str().unwrap())).await.ok();
        all.splice(0..0, seqs(&page));
    }
    assert_eq!(all, (head - 24..=head).collect::<Vec<_>>());
    let forward = maya.get(&format!("{path}&after={}", head - 20)).await.ok();
    assert_eq!(seqs(&forward), (head - 19..=head - 10).collect::<Vec<_>>());
    let around = seqs(&maya.get(&format!("{path}&around={}", head - 12)).await.ok());
    assert!(around.contains(&(head - 12)) && around.contains(&(head - 14)) && around.contains(&(head - 10)), "{around:?}");
    let end = maya.get(&format!("{path}&after=9223372036854775808")).await.ok();
    assert_eq!((end["items"].as_array().unwrap().len(), &end["hasMore"]), (0, &json!(false)));
}

#[tokio::test]
async fn messages_sent_without_waiting_keep_their_order() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let (one, other) = (scene.channel(&[&maya, &omar]).await, scene.direct(&maya, &omar).await);
    let mut hers = maya.socket().await;
    let mut asked = Vec::new();
    for n in 0..300 {
        // Every tenth has to look somebody up first: nothing may overtake it.
        let words = if n % 10 == 3 { format!("{n} @{}", omar.username()) } else { n.to_string() };
        let place = if n % 7 == 0 { &other } else { &one };
        asked.push(hers.send("message.send", json!({ "messageId": new_id(), "conversationId": place, "content": text(&words) })).await);
    }
    for id in &asked {
        assert_eq!(hers.ack(id).await["status"], "ok");
    }
    for place in [&one, &other] {
        let log = maya.log_of(place).await;
        let texts = log.iter().filter_map(|event| event["payload"]["message"]["content"]["text"].as_str());
        let numbers: Vec<u32> = texts.map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
        assert!(numbers.is_sorted() && numbers.len() > 40, "{numbers:?}");
    }
}
