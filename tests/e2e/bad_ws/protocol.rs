//! W6–W9, W21: bytes that RFC 6455 forbids.

use serde_json::json;
use tertulia_tests::{Client, RawSocket, Scene, Server, frame, new_id, text};

const FIN_TEXT: u8 = 0x81;
const TEXT: u8 = 0x01;
const CONTINUATION: u8 = 0x00;

/// The same bytes without their mask.
fn unmasked(mut bytes: Vec<u8>) -> Vec<u8> {
    let payload = bytes.split_off(6);
    vec![bytes[0], u8::try_from(payload.len()).unwrap()].into_iter().chain(payload).collect()
}

/// The head of a frame that announces `length` bytes.
fn announced(first: u8, length: u64) -> Vec<u8> {
    [vec![first, 0x80 | 127], length.to_be_bytes().to_vec(), vec![1, 2, 3, 4]].concat()
}

#[tokio::test]
async fn w6_to_w9_each_ends_with_its_code() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let pieces = |count: usize, payload: &[u8]| {
        let mut bytes = frame(TEXT, payload);
        (1..count).for_each(|_| bytes.extend(frame(CONTINUATION, payload)));
        bytes
    };
    let rows: Vec<(&str, Vec<u8>, u16)> = vec![
        ("W6 unmasked", unmasked(frame(FIN_TEXT, b"{}")), 1002),
        ("W6 RSV1", frame(0xc1, b"{}"), 1002),
        ("W6 RSV3", frame(0x91, b"{}"), 1002),
        ("W6 opcode 3", frame(0x83, b""), 1002),
        ("W6 opcode 11", frame(0x8b, b""), 1002),
        ("W6 fragmented ping", frame(0x09, b"a"), 1002),
        ("W6 ping of 126 bytes", frame(0x89, &[b'a'; 126]), 1002),
        ("W6 continuation of nothing", frame(0x80, b"{}"), 1002),
        ("W6 a text inside a text", [frame(TEXT, b"{"), frame(FIN_TEXT, b"}")].concat(), 1002),
        ("W7 invalid UTF-8", frame(FIN_TEXT, b"\xc3\x28"), 1007),
        ("W7 a character cut in two, badly", [frame(TEXT, b"\xe2\x82"), frame(0x80, b"\x28")].concat(), 1007),
        ("W7 a surrogate", frame(FIN_TEXT, b"\xed\xa0\x80"), 1007),
        ("W7 close with 999", frame(0x88, &999_u16.to_be_bytes()), 1002),
        ("W7 close with 1005", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        ("W7 close with 2999", frame(0x88, &2999_u16.to_be_bytes()), 1002),
        ("W7 close of one byte", frame(0x88, b"\x03"), 1002),
        ("W8 binary", frame(0x82, b"{}"), 1003),
        ("W9 2^63-1 bytes announced", announced(FIN_TEXT, (1 << 63) - 1), 1009),
        ("W9 64 KiB + 1", announced(FIN_TEXT, 64 * 1024 + 1), 1009),
        ("W9 64 KiB + 1 by bytes", pieces(64 * 1024 + 1, b" "), 1009),
        ("W9 70,000 empty pieces", pieces(70_000, b""), 1009),
    ];
    for (row, bytes, code) in rows {
        let mut socket = RawSocket::open(&maya).await;
        socket.write(&bytes).await;
        assert_eq!(socket.closed().await.code, code, "{row}");
    }
    let mut socket = RawSocket::open(&maya).await;
    let beat = r#"{"type":"heartbeat","id":"é","payload":{}}"#.as_bytes();
    let split = beat.iter().position(|byte| *byte == 0xc3).unwrap() + 1;
    socket.write(&[frame(TEXT, &beat[..split]), frame(0x89, b"ping"), frame(0x80, &beat[split..])].concat()).await;
    assert_eq!(socket.read_frame().await.unwrap(), (0xa, b"ping".to_vec()), "a ping between the pieces is answered");
    assert_eq!(socket.read_json().await["payload"]["refId"], "é");
    socket.write(&frame(0x88, &1000_u16.to_be_bytes())).await;
    assert_eq!(socket.closed().await.code, 1000);
}

#[tokio::test]
async fn w21_half_a_message_is_no_message() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let mut his = omar.socket().await;
    his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
    let id = new_id();
    let body =
        json!({ "type": "message.send", "id": "1", "payload": { "messageId": id, "conversationId": direct, "content": text("cut") } });
    let bytes = frame(FIN_TEXT, body.to_string().as_bytes());
    let mut hers = RawSocket::open(&maya).await;
    his.expect_frame(|frame| frame.to_string().contains("online")).await;
    hers.write(&bytes[..bytes.len() - 1]).await;
    hers.reset();
    his.expect_frame(|frame| frame["type"].as_str().unwrap().starts_with("presence") && frame.to_string().contains("offline")).await;
    omar.get(&format!("messages/{id}")).await.refused("NOT_FOUND");

    let mut again = RawSocket::open(&maya).await;
    again.write(&bytes).await;
    let mut answer = again.read_json().await;
    while answer["type"] != "ack" {
        answer = again.read_json().await;
    }
    assert_eq!(answer["payload"]["status"], "ok");
    again.write(&frame(0x88, b"")).await;
    again.closed().await;
}
