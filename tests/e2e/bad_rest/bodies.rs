//! R1–R8: what is not a body.

use std::time::Instant;

use serde_json::json;
use tertulia_tests::{Server, exchange, new_id, text};

use super::Room;

const JSON: &str = "application/json";

#[tokio::test]
async fn r1_to_r5_what_is_not_json_that_we_accept() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let head = room.head().await;
    let id = new_id();
    let message = |content: &str| format!(r#"{{"messageId":"{id}","content":{content}}}"#).into_bytes();
    let deep =
        |depth: usize| message(&format!(r#"{{"type":"text","text":"x","metadata":{{"a":{}{}}}}}"#, "[".repeat(depth), "]".repeat(depth)));
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("R1 {", b"{".into()),
        ("R1 empty", b"".into()),
        ("R1 more after the end", [message(r#"{"type":"text","text":"x"}"#), b"{}".into()].concat()),
        ("R1 byte order mark", [b"\xef\xbb\xbf".into(), message(r#"{"type":"text","text":"x"}"#)].concat()),
        ("R2 C3 28", [br#"{"messageId":""#.to_vec(), b"\xc3\x28\"}".into()].concat()),
        ("R2 lone surrogate", message(r#"{"type":"text","text":"\ud800"}"#)),
        ("R2 reversed surrogates", message(r#"{"type":"text","text":"\udc00\ud800"}"#)),
        ("R3 depth 1,000", deep(1_000)),
        ("R3 60,000 [", "[".repeat(60_000).into_bytes()),
        ("R4 key twice", message(r#"{"type":"text","text":"a","text":"b"}"#)),
        ("R4 key twice, escaped", message(r#"{"type":"text","text":"a","te\u0078t":"b"}"#)),
        ("R5 NaN", message("NaN")),
        ("R5 Infinity", message("Infinity")),
        ("R5 1e400", message(r#"{"type":"text","text":"a","metadata":{"n":1e400}}"#)),
    ];
    for (row, bytes) in rows {
        let started = Instant::now();
        let reply = room.maya.post_bytes(&room.messages(), JSON, bytes).await;
        assert_eq!((reply.status, reply.code()), (400, "INVALID_JSON".into()), "{row}: {}", reply.body);
        assert!(started.elapsed().as_millis() < 500, "{row}: {:?}", started.elapsed());
    }
    room.maya.get(&format!("messages/{id}")).await.refused("NOT_FOUND");
    room.still_works(head).await;
}

#[tokio::test]
async fn r1_the_position_is_told_and_the_content_is_not() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let reply = room.maya.post_bytes(&room.messages(), JSON, *b"{\"content\":\n  secret}").await;
    let message = reply.refused("INVALID_JSON")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("line 2") && !message.contains("secret"), "{message}");
}

#[tokio::test]
async fn r6_r7_too_large_or_of_another_type() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let head = room.head().await;
    let largest = 64 * 1024;
    let padded = |length: usize| {
        let mut body = json!({ "messageId": new_id(), "content": text("x") }).to_string();
        body.push_str(&" ".repeat(length - body.len()));
        body
    };
    room.maya.post_bytes(&room.messages(), JSON, padded(largest + 1)).await.refused("TOO_LARGE");
    room.maya.post_bytes(&room.messages(), "text/plain", padded(200)).await.refused("UNSUPPORTED_MEDIA_TYPE");
    room.maya.post_bytes(&room.messages(), "application/x-www-form-urlencoded", padded(200)).await.refused("UNSUPPORTED_MEDIA_TYPE");
    let without_type = room.maya.request(reqwest::Method::POST, &room.messages()).body(padded(200));
    room.maya.finish(without_type).await.refused("UNSUPPORTED_MEDIA_TYPE");

    let chunk = format!("{:x}\r\n{}\r\n", 16 * 1024, "x".repeat(16 * 1024));
    let head_lines = format!(
        "POST /api/v1/{} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n",
        room.messages(),
        server.address(),
        room.maya.access_token()
    );
    let answer = exchange(server.address(), (head_lines + &chunk.repeat(5)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("TOO_LARGE"), "chunked, without an end: {answer}");
    room.still_works(head).await;
    room.maya.post_bytes(&room.messages(), "application/json; charset=utf-8", padded(largest)).await.is(201);
}

#[tokio::test]
async fn r8_w24_fields_that_are_not_the_clients_change_nothing() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let head = room.head().await;
    let id = new_id();
    let body = json!({
        "messageId": id, "content": text("mine"), "isAdmin": true, "seq": 1, "senderId": room.omar.id(), "role": "owner",
        "conversationId": room.scene.general, "createdAt": "0001-01-01T00:00:00Z", "editedAt": "9999-12-30T00:00:00Z", "futureField": { "a": [] }
    });
    assert_eq!(room.maya.post(&room.messages(), body.clone()).await.is(201)["seq"], head + 1);
    let stored = room.omar.get(&format!("messages/{id}")).await.ok();
    assert_eq!((&stored["senderId"], &stored["conversationId"]), (&json!(room.maya.id()), &json!(room.channel)));
    assert!(stored.get("editedAt").is_none() && stored["createdAt"].as_str().unwrap() > "2020");
    let mut frame = body;
    frame["messageId"] = new_id().into();
    frame["conversationId"] = room.channel.as_str().into();
    assert_eq!(room.maya.socket().await.ok("message.send", frame).await["seq"], head + 2);
}
