//! R26–R31: below the API.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tertulia_tests::{Client, Options, Server, exchange, exchange_all};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Room;

#[tokio::test]
async fn r26_headers_of_a_proxy_that_is_none_are_ignored() {
    let server = Server::with(Options::limited());
    let anybody = Client::new(&server);
    let attempt = async |n: u8| {
        let request = anybody
            .request(Method::POST, "auth/login")
            .header("x-forwarded-for", format!("10.0.0.{n}"))
            .header("forwarded", "for=10.1.1.1");
        anybody.finish(request.json(&json!({ "username": "maya", "password": "a wrong password" }))).await
    };
    for n in 0..5 {
        attempt(n).await.refused("TOKEN_INVALID");
    }
    attempt(6).await.refused("RATE_LIMITED");
    let maya = Client::register(&server, "maya").await;
    let request = anybody.request(Method::GET, "users/me").header("x-user-id", maya.id());
    anybody.finish(request).await.refused("TOKEN_INVALID");
}

#[tokio::test]
async fn r27_another_host_gets_into_no_link() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let owner = &room.scene.owner;
    let path = format!("workspaces/{}/invites", room.scene.workspace);
    let request =
        owner.request(Method::POST, &path).header("host", "evil.example").header("x-forwarded-host", "evil.example").json(&json!({}));
    let reply = owner.finish(request).await;
    assert!(reply.status == 421 || !reply.body.contains("evil"), "{}", reply.body);
}

#[tokio::test]
async fn r28_other_sites_may_not() {
    let server = Server::with(Options { more: vec!["--set".into(), "origins=https://app.example.com".into()], ..Options::default() });
    let maya = Client::register(&server, "maya").await;
    for origin in ["https://evil.example", "null", "https://app.example.com.evil", "http://app.example.com", "https://app.example.com:8443"]
    {
        let preflight =
            maya.request(Method::OPTIONS, "workspaces").header("origin", origin).header("access-control-request-method", "POST");
        let reply = maya.finish(preflight).await;
        assert!(reply.header("access-control-allow-origin").is_none(), "{origin}");
        let post = maya.request(Method::POST, "workspaces").header("origin", origin).json(&json!({ "name": "Mine" }));
        let reply = maya.finish(post).await;
        reply.refused("ORIGIN");
        assert!(reply.header("access-control-allow-origin").is_none(), "{origin}");
    }
    assert!(maya.get("workspaces").await.ok()["items"].as_array().unwrap().is_empty());
    for origin in ["https://app.example.com", server.url.as_str()] {
        let post = maya.request(Method::POST, "workspaces").header("origin", origin).json(&json!({ "name": "Ours" }));
        let reply = maya.finish(post).await;
        reply.is(201);
        assert_ne!(reply.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn r29_methods_and_heads_that_are_too_much() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    for method in [Method::PUT, Method::TRACE, Method::DELETE] {
        let reply = maya.call(method.clone(), "workspaces", None).await;
        reply.refused("METHOD_NOT_ALLOWED");
        let allow = reply.header("allow").unwrap_or_default();
        assert!(allow.contains("GET") && allow.contains("POST"), "{method}: {allow}");
    }
    let status = |answer: String| answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let head = |target: &str, more: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    let long_path = head(&format!("/api/v1/users/{}", "a".repeat(8 * 1024)), "");
    let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = format!("x-large: {}\r\n", "a".repeat(16 * 1024));
    for (what, request) in
        [("path", long_path), ("101 headers", head("/api/v1/server", &many)), ("16 KiB header", head("/api/v1/server", &large))]
    {
        let status = status(exchange(server.address(), request.as_bytes()).await);
        assert!(["413", "414", "431"].contains(&status.as_str()), "{what}: {status}");
    }
    maya.get("users/me").await.ok();
}

#[tokio::test]
async fn r30_requests_with_two_ends_are_refused() {
    let server = Server::shared();
    let head = format!("POST /api/v1/auth/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", server.address());
    let smuggled = "GET /api/v1/server HTTP/1.1\r\nHost: x\r\n\r\n";
    let rows = [
        ("TE and CL", format!("{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}")),
        ("two CL", format!("{head}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{{}}{smuggled}")),
        ("folded header", format!("{head}X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{{}}")),
        ("unknown TE", format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}")),
        ("negative CL", format!("{head}Content-Length: -1\r\n\r\n{smuggled}")),
        ("bare LF in a chunk", format!("{head}Transfer-Encoding: chunked\r\n\r\n2\n{{}}\r\n0\r\n\r\n{smuggled}")),
    ];
    for (what, request) in rows {
        let answer = exchange_all(server.address(), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{what}: the rest was read as another request: {answer}");
    }
}

/// Drips bytes until the server has had enough; answers what it said and after how long.
async fn drip(address: &str, head: &str, every: Duration, within: Duration) -> (String, Duration) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let (started, mut answer, mut chunk) = (Instant::now(), Vec::new(), [0; 1024]);
    while started.elapsed() < within {
        match tokio::time::timeout(every, stream.read(&mut chunk)).await {
            Ok(Ok(read @ 1..)) => answer.extend_from_slice(&chunk[..read]),
            Ok(_) => break,
            Err(_) if stream.write_all(b"a").await.is_err() => break,
            Err(_) => {}
        }
    }
    (String::from_utf8_lossy(&answer).into_owned(), started.elapsed())
}

#[tokio::test]
async fn r31_who_drips_is_cut_off() {
    let server = Server::shared();
    let every = Duration::from_millis(500);
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let slow_head = drip(server.address(), "GET /api/v1/server HTTP/1.1\r\nX-Slow: ", every, Duration::from_secs(40));
    let slow_body = drip(server.address(), head, every, Duration::from_secs(40));
    let ((head_answer, head_time), (body_answer, body_time)) = tokio::join!(slow_head, slow_body);
    assert!((9..=12).contains(&head_time.as_secs()), "{head_time:?}");
    assert!(head_answer.is_empty() || head_answer.starts_with("HTTP/1.1 408"), "{head_answer}");
    assert!((29..=33).contains(&body_time.as_secs()), "{body_time:?}");
    assert!(body_answer.starts_with("HTTP/1.1 408") || body_answer.starts_with("HTTP/1.1 504"), "{body_answer}");
}

#[tokio::test]
async fn r31_a_server_that_was_late_itself_blames_nobody() {
    // More than a runtime looks at in one turn.
    const CLIENTS: usize = 1_500;
    let server = Server::start();
    let connect = || std::net::TcpStream::connect(server.address()).unwrap();
    let mut clients: Vec<std::net::TcpStream> = (0..CLIENTS).map(|_| connect()).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let signal = |name: &str| {
        let sent = std::process::Command::new("kill").args([name, &server.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    signal("-STOP");
    for client in &mut clients {
        client.write_all(b"GET /api/v1/server HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    }
    tokio::time::sleep(Duration::from_secs(11)).await;
    signal("-CONT");
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for client in &mut clients {
        let mut status = [0; 12];
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let read = client.read_exact(&mut status).map(|()| String::from_utf8_lossy(&status).into_owned());
        *answers.entry(read.unwrap_or_else(|error| error.to_string())).or_default() += 1;
    }
    assert_eq!(answers, BTreeMap::from([("HTTP/1.1 200".to_owned(), CLIENTS)]));
}
