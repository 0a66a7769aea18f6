//! W1–W5, W10, W19: before and while it opens.

use serde_json::json;
use tertulia_tests::{Client, Closed, Handshake, Options, RawSocket, Server, Socket, exchange};

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn w1_w2_handshakes_that_are_none() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let ask = async |handshake: Handshake| exchange(server.address(), &handshake.bytes()).await;
    let good = || Handshake::of(&maya);
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        let answer = ask(good().set("Origin", origin)).await;
        assert!(status(&answer) == "403" && answer.contains("\"ORIGIN\""), "{origin}: {answer}");
    }
    let answer = ask(good().set("Sec-WebSocket-Version", "12")).await;
    assert!(status(&answer) == "426" && answer.to_lowercase().contains("sec-websocket-version: 13"), "{answer}");
    assert_eq!(status(&ask(good().set("Sec-WebSocket-Key", "")).await), "400");
    assert_eq!(status(&ask(good().set("Sec-WebSocket-Key", "short")).await), "400");
    assert_eq!(status(&ask(good().set("Upgrade", "")).await), "426");
    assert_eq!(status(&ask(good().line("GET /api/v1/ws HTTP/1.0")).await), "400");
    assert_eq!(status(&ask(good().line("POST /api/v1/ws HTTP/1.1").set("Content-Length", "0")).await), "405");
    let large = ask(good().set("X-Large", &"a".repeat(17 * 1024))).await;
    assert!(["413", "431"].contains(&status(&large)), "{large}");
    RawSocket::open(&maya).await;
}

#[tokio::test]
async fn w3_w4_without_a_token_and_with_somebody_elses() {
    let server = Server::shared();
    let (maya, omar) = (Client::register(&server, "maya").await, Client::register(&server, "omar").await);
    let answer = exchange(server.address(), &Handshake::of(&maya).set("Authorization", "").bytes()).await;
    assert!(status(&answer) == "401" && answer.contains("TOKEN_INVALID"), "{answer}");
    let answer = exchange(server.address(), &Handshake::of(&maya).set("Authorization", "Basic bWF5YTptYXlh").bytes()).await;
    assert_eq!(status(&answer), "401");

    let mut socket = maya.socket().await;
    socket.ok("auth.refresh", json!({ "accessToken": maya.access_token() })).await;
    assert_eq!(socket.refused("auth.refresh", json!({ "accessToken": omar.access_token() })).await, "TOKEN_INVALID");
    assert_eq!(socket.refused("auth.refresh", json!({ "accessToken": "invented" })).await, "TOKEN_INVALID");
    socket.settle().await;
}

#[tokio::test]
async fn w5_versions_not_spoken_end_with_4506() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    for version in ["tertulia.v0", "tertulia.v2", "abc", "tertulia.v99, abc"] {
        let (mut socket, _) = RawSocket::shake(&maya, &Handshake::of(&maya).set("Sec-WebSocket-Protocol", version)).await;
        assert_eq!(socket.closed().await.code, 4506, "{version}");
    }
    for version in ["tertulia.v1", "tertulia.v9, tertulia.v1"] {
        let (mut socket, answer) = RawSocket::shake(&maya, &Handshake::of(&maya).set("Sec-WebSocket-Protocol", version)).await;
        assert!(answer.contains("sec-websocket-protocol: tertulia.v1"), "{version}: {answer}");
        assert_eq!(socket.read_json().await["payload"]["protocol"], "tertulia.v1");
    }
}

#[tokio::test]
async fn w10_compression_is_declined() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let offer = Handshake::of(&maya).set("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
    let (mut socket, answer) = RawSocket::shake(&maya, &offer).await;
    assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
    assert_eq!(socket.read_json().await["type"], "connected");
}

#[tokio::test]
async fn w19_the_sixth_connection_replaces_the_first() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let mut sockets: Vec<Socket> = Vec::new();
    for _ in 0..6 {
        sockets.push(maya.socket().await);
    }
    assert_eq!(sockets[0].closed().await, Closed { code: 4507, reason: "REPLACED".into() });
    for socket in &mut sockets[1..] {
        socket.settle().await;
    }
}

#[tokio::test]
async fn opening_sockets_has_a_limit() {
    let server = Server::with(Options::limited());
    let maya = Client::register(&server, "maya").await;
    let mut refused = None;
    for _ in 0..30 {
        let bearer = format!("Bearer {}", maya.access_token());
        match Socket::try_open(&maya, "", &[("authorization", &bearer)]).await {
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => refused = Some(answer),
            Err(other) => panic!("{other}"),
            Ok(_) => {}
        }
    }
    let answer = refused.expect("thirty in a row are too many");
    assert_eq!(answer.status().as_u16(), 429);
    assert!(answer.headers().contains_key("retry-after"));
}
