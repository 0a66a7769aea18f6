//! R9, R10, R13–R16, R18–R20, R22–R24: right JSON, wrong values.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tertulia_tests::{Client, Options, Server, exchange, new_id, text};

use super::{Room, message_with};

#[tokio::test]
async fn fields_that_are_missing_or_of_the_wrong_type_are_named() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let head = room.head().await;
    let long = "x".repeat(16_001);
    let rows: Vec<(&str, Value, &str)> = vec![
        ("messageId", Value::Null, "messageId"),
        ("messageId", json!(5), "messageId"),
        ("messageId", json!("5"), "messageId"),
        ("messageId", json!(new_id().to_uppercase()), "messageId"),
        ("content", Value::Null, "content"),
        ("content", json!([]), "content"),
        ("content.type", json!("film"), "content.type"),
        ("content.text", json!(5), "content.text"),
        ("content.format", json!("html"), "content.format"),
        ("content.metadata", json!("x"), "content.metadata"),
        ("content.metadata", json!({ "x": "x".repeat(9_000) }), "content.metadata"),
        ("content.attachments", json!(["a", 7]), "content.attachments[1]"),
        ("content.attachments", json!(vec!["a"; 21]), "content.attachments"),
        ("content", json!({ "type": "image" }), "content.attachments"),
        ("content", json!({ "type": "location" }), "content.location"),
        ("content", json!({ "type": "location", "location": { "latitude": 91, "longitude": 0 } }), "content.location"),
        ("replyTo", json!("x"), "replyTo"),
        ("threadRoot", json!(1), "threadRoot"),
        ("priority", json!("high"), "priority"),
        ("expiresInMs", json!(-1), "expiresInMs"),
        ("expiresInMs", json!(1.5), "expiresInMs"),
        ("scheduledAt", json!("tomorrow"), "scheduledAt"),
        ("scheduledAt", json!("0001-01-01T00:00:00Z"), "scheduledAt"),
        ("scheduledAt", json!("9999-12-30T00:00:00Z"), "scheduledAt"),
        // R9
        ("content.text", json!(""), "content.text"),
        ("content.text", json!(" \n\u{200b}\u{feff}"), "content.text"),
        ("content.text", json!("a\u{0}b"), "content.text"),
        ("content.text", json!(long), "content.text"),
    ];
    for (path, value, field) in rows {
        let reply = room.maya.post(&room.messages(), message_with(path, value.clone())).await;
        let error = reply.json()["error"].clone();
        let shown: String = value.to_string().chars().take(60).collect();
        assert_eq!((&error["code"], &error["details"]["field"]), (&json!("INVALID_FIELD"), &json!(field)), "{path} = {shown}: {error}");
        assert_eq!(reply.status, 400);
    }
    room.still_works(head).await;
    for words in ["x".repeat(16_000), "🙂".repeat(15_000), format!("e{}", "\u{301}".repeat(10_000)), "\u{202e}reversed".into()] {
        room.maya.post(&room.messages(), message_with("content.text", json!(words))).await.is(201);
    }
}

#[tokio::test]
async fn r10_what_is_no_id_names_nothing() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let ids = [
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "%00",
        &"a".repeat(7_000),
        &room.channel.to_uppercase(),
        &room.channel.replace('-', ""),
        "0",
        "%ff",
        "'%20OR%201=1",
    ];
    for id in ids {
        for path in [format!("conversations/{id}"), format!("messages/{id}"), format!("users/{id}"), format!("workspaces/{id}")] {
            let shown: String = path.chars().take(60).collect();
            let reply = room.maya.get(&path).await;
            // Half an escape is no path at all.
            assert!(reply.status == 404 || (id == "%ff" && reply.status == 400), "{shown}: {} {}", reply.status, reply.body);
        }
    }
    let request = format!("GET /api/v1/conversations/../../etc/passwd HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address());
    let answer = exchange(server.address(), request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn r13_a_reply_needs_a_parent_here_that_is_no_reply_itself() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let root = room.maya.say_id(&room.channel, "root").await;
    let elsewhere = room.maya.say_id(&room.scene.general, "elsewhere").await;
    let deleted = room.maya.say_id(&room.channel, "deleted").await;
    room.maya.delete(&format!("messages/{deleted}")).await.ok();
    let reply = room.maya.post(&room.messages(), message_with("threadRoot", json!(root))).await.is(201)["messageId"].clone();
    let head = room.head().await;
    for parent in [json!(elsewhere), json!(deleted), reply.clone(), json!(new_id())] {
        room.maya.post(&room.messages(), message_with("threadRoot", parent)).await.refused("INVALID_PARENT");
    }
    for quoted in [json!(elsewhere), json!(deleted), json!(new_id())] {
        room.maya.post(&room.messages(), message_with("replyTo", quoted)).await.refused("INVALID_PARENT");
    }
    room.still_works(head).await;
}

#[tokio::test]
async fn r14_to_r16_limits_cursors_positions() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let lists = [room.messages(), format!("conversations/{}/members", room.channel), "conversations".into()];
    for list in &lists {
        for limit in ["0", "-1", "201", "1e9", "abc", "", "1&limit=2", "9007199254740993", "%2B5", "5.0"] {
            let reply = room.maya.get(&format!("{list}?limit={limit}")).await;
            assert_eq!((reply.status, reply.code()), (400, "INVALID_FIELD".into()), "{list} {limit}: {}", reply.body);
        }
        room.maya.get(&format!("{list}?limit=200")).await.ok();
    }
    let page = room.maya.get("conversations?limit=1").await.ok();
    let good = page["nextCursor"].as_str().unwrap();
    room.maya.get(&format!("conversations?limit=1&cursor={good}")).await.ok();
    let tampered = format!("{}x", &good[..good.len() - 1]);
    for cursor in ["x", "%00", "AAAA", "", &"A".repeat(5_000)] {
        let reply = room.maya.get(&format!("conversations?limit=1&cursor={cursor}")).await;
        assert_eq!((reply.status, reply.code()), (400, "INVALID_CURSOR".into()), "{cursor:.20}: {}", reply.body);
    }
    // Of another list, or spoiled: refused, or at least never a fault.
    for (list, cursor) in [(&lists[1], good), (&lists[2], tampered.as_str())] {
        let reply = room.maya.get(&format!("{list}?limit=1&cursor={cursor}")).await;
        assert!(reply.code() == "INVALID_CURSOR" || (reply.status == 200 && list == &lists[2]), "{list}: {} {}", reply.status, reply.body);
    }
    for position in ["before=-1", "after=-1", "around=x", "before=1e3", "at=yesterday", "before=1&after=1"] {
        room.maya.get(&format!("{}?{position}", room.messages())).await.refused("INVALID_FIELD");
    }
    for beyond in ["after=9223372036854775808", "after=18446744073709551615"] {
        let page = room.maya.get(&format!("{}?{beyond}", room.messages())).await.ok();
        assert_eq!((&page["items"], &page["hasMore"]), (&json!([]), &json!(false)));
    }
}

#[tokio::test]
async fn r17_a_page_behind_hidden_rows_is_found() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let root = room.maya.say_id(&room.channel, "the only one in the timeline").await;
    let path = room.messages();
    join_all((0..30).map(|_| room.maya.post(&path, message_with("threadRoot", json!(root))))).await;
    let page = room.omar.get(&format!("{}?limit=5", room.messages())).await.ok();
    assert_eq!(page["items"][0]["id"], root);
    assert_eq!((page["items"].as_array().unwrap().len(), &page["hasMore"]), (1, &json!(false)));
}

#[tokio::test]
async fn r19_r20_the_same_id_and_others_messages() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let id = room.maya.say_id(&room.channel, "mine").await;
    let head = room.head().await;
    let again = |content: Value| json!({ "messageId": id, "content": content });
    room.maya.post(&room.messages(), again(text("other words"))).await.refused("CONFLICT");
    room.omar.post(&room.messages(), again(text("mine"))).await.refused("CONFLICT");
    let elsewhere = format!("conversations/{}/messages", room.scene.general);
    room.maya.post(&elsewhere, again(text("mine"))).await.refused("CONFLICT");
    room.omar.patch(&format!("messages/{id}"), json!({ "content": text("not mine") })).await.refused("FORBIDDEN");
    let only_files = json!({ "content": { "type": "file", "attachments": ["f"] } });
    room.omar.patch(&format!("messages/{id}"), only_files).await.refused("FORBIDDEN");
    room.maya.patch(&format!("messages/{id}"), json!({ "content": text("") })).await.refused_field("content.text");
    room.still_works(head).await;
}

#[tokio::test]
async fn r22_reactions_are_emoji_and_not_too_many() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let id = room.maya.say_id(&room.channel, "react!").await;
    let path = format!("messages/{id}/reactions");
    for bad in ["", "a", "::", "👍 👍", "<b>", "\u{200d}", &"👍".repeat(3_000), "👍\u{0}"] {
        room.maya.post(&path, json!({ "emoji": bad })).await.refused_field("emoji");
    }
    for n in 0..50 {
        room.maya.post(&path, json!({ "emoji": format!(":emoji-{n}:") })).await.ok();
    }
    let head = room.head().await;
    let error = room.maya.post(&path, json!({ "emoji": "👍" })).await.refused("LIMIT_REACHED");
    assert_eq!(error["details"]["limit"], 50);
    room.omar.post(&path, json!({ "emoji": ":emoji-7:" })).await.ok();
    room.still_works(head + 1).await;
}

#[tokio::test]
async fn r23_a_thousand_members_and_ten_thousand_mentions() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let ids: Vec<String> = (0..1_000).map(|_| new_id()).collect();
    let error =
        room.maya.post("conversations", json!({ "type": "group", "name": "Crowd", "memberIds": ids })).await.refused("LIMIT_REACHED");
    assert_eq!(error["details"]["limit"], 1_000);
    let mentions: String = (0..1_500).map(|n| format!("@user{n} ")).collect::<String>() + &format!("@{}", room.omar.username());
    let id = room.maya.say_id(&room.channel, &mentions).await;
    assert_eq!(room.omar.get(&format!("messages/{id}")).await.ok()["mentions"], json!([]), "names after the fiftieth stay text");
}

#[tokio::test]
async fn r24_w17_marks_beyond_back_and_elsewhere() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let seq = room.maya.say(&room.channel, "one").await["seq"].as_u64().unwrap();
    let path = format!("conversations/{}/receipts", room.channel);
    let mut live = room.omar.socket().await;
    assert_eq!(live.ok("receipt.read", json!({ "conversationId": room.channel, "seq": 1_u64 << 52 })).await["seq"], seq);
    assert_eq!(live.ok("receipt.read", json!({ "conversationId": room.channel, "seq": 1 })).await["seq"], seq);
    room.omar.post(&path, json!({ "readSeq": 1 })).await.ok();
    assert_eq!(room.omar.conversation(&room.channel).await["membership"]["readSeq"], seq);
    room.omar.post(&path, json!({ "readSeq": -1 })).await.refused_field("readSeq");
    assert_eq!(live.refused("receipt.read", json!({ "conversationId": new_id(), "seq": 1 })).await, "NOT_FOUND");
    let foreign = room.scene.channel(&[]).await;
    assert_eq!(live.refused("receipt.read", json!({ "conversationId": foreign, "seq": 1 })).await, "NOT_FOUND");
    room.omar.post(&format!("conversations/{foreign}/receipts"), json!({ "readSeq": 1 })).await.refused("NOT_FOUND");
}

#[tokio::test]
async fn r20_after_the_edit_window_nothing_is_edited() {
    let more = ["--demo", "--set", "limits.edit_window_minutes=1"].map(str::to_owned);
    let server = Server::with(Options { more: more.into(), open: false, ..Options::default() });
    let anybody = Client::new(&server);
    let answer = anybody.post("auth/login", json!({ "username": "ada", "password": "demo-password" })).await.ok();
    let ada = anybody.signed_in(&answer, "demo-password");
    let mut old = None;
    for place in ada.get("conversations?limit=200").await.ok()["items"].as_array().unwrap() {
        let page = ada.get(&format!("conversations/{}/messages?limit=200", place["id"].as_str().unwrap())).await.ok();
        old = old.or(page["items"].as_array().unwrap().iter().find(|message| message["senderId"] == ada.id()).cloned());
    }
    let id = old.expect("she has written before")["id"].as_str().unwrap().to_owned();
    let edited = json!({ "content": text("history, rewritten") });
    ada.patch(&format!("messages/{id}"), edited.clone()).await.refused("EDIT_WINDOW");
    assert_eq!(ada.socket().await.refused("message.edit", json!({ "messageId": id, "content": text("x") })).await, "EDIT_WINDOW");
    let list = ada.get("conversations").await.ok();
    let fresh = ada.say_id(list["items"][0]["id"].as_str().unwrap(), "just now").await;
    ada.patch(&format!("messages/{fresh}"), edited).await.ok();
}
