//! W11, W13, W15, W18: right bytes, wrong frames. The connection stays.

use std::time::Duration;

use serde_json::{Value, json};
use tertulia_domain::Code;
use tertulia_protocol::v1::ClientFrame;
use tertulia_tests::{Client, Closed, Scene, Server, Socket, new_id};

/// The `error` frame that answers a frame without a usable id.
async fn error(socket: &mut Socket, text: &str) -> String {
    socket.send_text(text).await;
    let error = socket.expect("error").await;
    assert!(error["message"].is_string() && error["retry"] == "never", "{error}");
    error["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn w11_what_is_no_frame_is_answered_and_the_connection_stays() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let rows = [
        ("hello", Code::InvalidJson),
        ("", Code::InvalidJson),
        (r#"{"type":"heartbeat","type":"heartbeat"}"#, Code::InvalidJson),
        (r#"{"type":"heartbeat","payload":{"a":"\ud800"}}"#, Code::InvalidJson),
        ("[]", Code::InvalidMessage),
        ("5", Code::InvalidMessage),
        ("{}", Code::InvalidMessage),
        (r#"{"type":5}"#, Code::InvalidMessage),
        (r#"{"type":"no.such.type"}"#, Code::UnknownType),
        (r#"{"type":"connected","payload":{}}"#, Code::UnknownType),
        (r#"{"type":"heartbeat","id":5,"payload":{}}"#, Code::InvalidMessage),
        (r#"{"type":"typing.start"}"#, Code::InvalidMessage),
        (r#"{"type":"typing.start","payload":[]}"#, Code::InvalidMessage),
        (r#"{"type":"typing.start","payload":{}}"#, Code::InvalidField),
    ];
    for chunk in rows.chunks(5) {
        let mut socket = maya.socket().await;
        for (text, code) in chunk {
            assert_eq!(error(&mut socket, text).await, code.as_str(), "{text}");
        }
        let long_id = format!(r#"{{"type":"heartbeat","id":"{}","payload":{{}}}}"#, "x".repeat(300));
        assert_eq!(error(&mut socket, &long_id).await, "INVALID_MESSAGE");
        socket.settle().await;
    }
}

#[tokio::test]
async fn w11_a_frame_with_an_id_gets_exactly_one_ack() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let mut socket = maya.socket().await;
    assert_eq!(socket.refused("no.such.type", json!({})).await, "UNKNOWN_TYPE");
    assert_eq!(socket.refused("message.send", json!({})).await, "INVALID_FIELD");
    let ack = socket.ask("message.react", json!({ "messageId": new_id(), "emoji": 5, "action": "add" })).await;
    assert_eq!((&ack["error"]["code"], &ack["error"]["details"]["field"]), (&json!("INVALID_FIELD"), &json!("emoji")));
    let frames = socket.gather(Duration::from_millis(100)).await;
    assert!(frames.is_empty(), "{frames:?}");
}

#[tokio::test]
async fn w11_ten_malformed_frames_in_a_minute_are_the_end() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let mut socket = maya.socket().await;
    for _ in 0..10 {
        socket.send_text("nonsense").await;
    }
    assert_eq!(socket.closed().await, Closed { code: 4508, reason: "BAD_CLIENT".into() });
    maya.socket().await.settle().await;
}

#[tokio::test]
async fn every_type_takes_nonsense_without_harm() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let nonsense: [Value; 6] =
        [json!({}), json!({ "conversationId": 5 }), json!({ "messageId": "x" }), json!("x"), json!(null), json!({ "userIds": "x" })];
    for chunk in ClientFrame::TYPES.chunks(1) {
        let mut socket = maya.socket().await;
        for payload in &nonsense {
            let ack = socket.ask(chunk[0], payload.clone()).await;
            let code = ack["error"]["code"].as_str().unwrap_or("ok");
            assert!(["ok", "INVALID_FIELD", "INVALID_MESSAGE", "NOT_FOUND"].contains(&code), "{} {payload}: {ack}", chunk[0]);
        }
        socket.close().await;
    }
}

#[tokio::test]
async fn every_type_about_a_conversation_refuses_outsiders() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let outsider = scene.member("outsider").await;
    let channel = scene.channel(&[]).await;
    let message = scene.owner.say_id(&channel, "not for outsiders").await;
    let mut socket = outsider.socket().await;
    let (here, this) = (json!({ "conversationId": channel, "seq": 1 }), json!({ "messageId": message, "emoji": "👍", "action": "add" }));
    let edit = json!({ "messageId": message, "content": tertulia_tests::text("x") });
    let send = json!({ "messageId": new_id(), "conversationId": channel, "content": tertulia_tests::text("x") });
    let free = ["presence.update", "presence.subscribe", "presence.unsubscribe", "auth.refresh", "heartbeat", "sync.request"];
    for kind in ClientFrame::TYPES.iter().filter(|kind| !free.contains(kind)) {
        let payload = match *kind {
            "message.send" => &send,
            "message.edit" => &edit,
            kind if kind.starts_with("message.") => &this,
            _ => &here,
        };
        assert_eq!(socket.refused(kind, payload.clone()).await, "NOT_FOUND", "{kind}");
    }
    let answer = socket.ok("sync.request", json!({ "conversations": [{ "conversationId": channel, "lastSeq": 0 }] })).await;
    assert_eq!((&answer["removed"], &answer["conversations"]), (&json!([channel]), &json!([])));
}

#[tokio::test]
async fn w13_presence_of_too_many() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let mut socket = maya.socket().await;
    let ids = |count: usize| json!({ "userIds": (0..count).map(|_| new_id()).collect::<Vec<_>>() });
    assert_eq!(socket.refused("presence.subscribe", ids(501)).await, "LIMIT_REACHED");
    assert_eq!(socket.refused("presence.subscribe", ids(1_500)).await, "LIMIT_REACHED");
    assert_eq!(socket.ok("presence.subscribe", ids(500)).await["items"], json!([]));
}

#[tokio::test]
async fn w15_sync_of_too_many_and_of_strange_positions() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let mut socket = maya.socket().await;
    let positions: Vec<Value> = (0..1_001).map(|_| json!({ "conversationId": new_id(), "lastSeq": 0 })).collect();
    // As a frame, so many don't fit into 64 KiB: the limit of REST and frame alike.
    let body = json!({ "conversations": positions }).to_string();
    assert!(body.len() > 64 * 1024);
    maya.post_bytes("sync", "application/json", body).await.refused("TOO_LARGE");
    let ask = |last_seq: Value| json!({ "conversations": [{ "conversationId": scene.general, "lastSeq": last_seq }] });
    assert_eq!(socket.refused("sync.request", ask(json!(-1))).await, "INVALID_FIELD");
    assert_eq!(socket.refused("sync.request", ask(json!(1.5))).await, "INVALID_FIELD");
    for limit in [0, 501] {
        let mut payload = ask(json!(0));
        payload["limit"] = limit.into();
        assert_eq!(socket.refused("sync.request", payload).await, "INVALID_FIELD");
    }
    let future = socket.ok("sync.request", ask(json!(1_u64 << 50))).await;
    assert_eq!(future["conversations"][0]["tooLarge"], true, "the copy is of another log");
    let twice = json!({ "conversationId": scene.general, "lastSeq": 0 });
    let answer = socket.ok("sync.request", json!({ "conversations": [twice, twice, { "conversationId": new_id(), "lastSeq": 9 }] })).await;
    assert_eq!((answer["conversations"].as_array().unwrap().len(), answer["removed"].as_array().unwrap().len()), (1, 1));
}

#[tokio::test]
async fn w18_typing_a_hundred_times_a_second_shows_once() {
    let server = Server::with(tertulia_tests::Options::limited());
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    for _ in 0..100 {
        hers.send_text(json!({ "type": "typing.start", "payload": { "conversationId": direct } }).to_string()).await;
    }
    hers.settle().await;
    let frames = his.gather(Duration::from_millis(300)).await;
    let shown = frames.iter().filter(|frame| frame["type"] == "typing.indicator").count();
    assert!((1..=2).contains(&shown), "{shown}");
    let errors = hers.gather(Duration::from_millis(50)).await;
    assert!(!errors.iter().any(|frame| frame["type"] == "error"), "dropped without a word: {errors:?}");
}
