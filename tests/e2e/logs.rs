//! What people write, their tokens and passwords never reach the log, however much is logged.

use reqwest::Method;
use serde_json::json;
use tertulia_tests::{Client, Options, Scene, Server, Socket, new_id, text};

const WORD: &str = "canary7f3a";

#[tokio::test]
async fn no_canary_in_the_log() {
    let more = ["--set", "log.level=trace", "--set", "log.format=json"].map(str::to_owned);
    let mut server = Server::with(Options { more: more.into(), ..Options::default() });
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let channel = scene.channel(&[&maya]).await;
    let path = format!("conversations/{channel}/messages");
    let said = |what: &str| format!("{WORD} {what}");
    let ticket = maya.ticket().await;
    let mut socket = Socket::with(&maya, &format!("?ticket={ticket}"), &[]).await;

    // What is written, as it should be.
    let id = maya.say_id(&channel, &said("over REST")).await;
    socket.say(&channel, &said("over the socket")).await;
    maya.patch(&format!("messages/{id}"), json!({ "content": text(&said("edited")) })).await.ok();
    maya.patch(&format!("conversations/{channel}/preferences"), json!({ "pinned": true })).await.ok();
    scene.owner.patch(&format!("conversations/{channel}"), json!({ "topic": said("topic") })).await.ok();
    maya.patch("users/me", json!({ "displayName": said("name") })).await.ok();
    socket.ok("presence.update", json!({ "status": "dnd", "text": said("status") })).await;
    maya.get(&format!("users?query={WORD}")).await.ok();
    maya.delete(&format!("messages/{id}")).await.ok();

    // And as it should not be.
    maya.post(&path, json!({ "messageId": said("id"), "content": text("x") })).await.refused_field("messageId");
    maya.post(&path, json!({ "messageId": new_id(), "content": { "type": said("type") } })).await.refused_field("content.type");
    maya.post_bytes(&path, "application/json", format!("{{\"{WORD}\": {WORD}}}")).await.refused("INVALID_JSON");
    maya.post_bytes(&path, WORD, "x").await.refused("UNSUPPORTED_MEDIA_TYPE");
    maya.get(&format!("{WORD}/{WORD}?{WORD}={WORD}")).await.refused("NOT_FOUND");
    socket.send_text(WORD).await;
    socket.send_text(format!(r#"{{"type":"{WORD}","payload":"{WORD}"}}"#)).await;
    socket.settle().await;
    let odd = maya.request(Method::GET, "users/me").header("user-agent", WORD).header("x-request-id", WORD).header("traceparent", WORD);
    maya.finish(odd).await.ok();
    let anybody = Client::new(&server);
    let wrong_password = format!("{WORD} password");
    anybody.post("auth/login", json!({ "username": WORD, "password": wrong_password })).await.refused("TOKEN_INVALID");
    anybody.post("auth/register", json!({ "username": "n n", "password": wrong_password })).await.refused_field("username");
    maya.with_token(WORD).get("users/me").await.refused("TOKEN_INVALID");

    // Secrets that the server gave.
    let invite = scene.invite(json!({})).await;
    anybody.get(&format!("invites/{invite}")).await.ok();
    let account = maya.account.clone().unwrap();
    let renewed = anybody.post("auth/refresh", json!({ "refreshToken": account.refresh_token })).await.ok();
    let resume = socket.connected["resumeToken"].as_str().unwrap().to_owned();
    server.terminate();
    let log = server.log().text();
    assert!(log.lines().count() > 20, "something was logged:\n{log}");
    let secrets = [
        WORD,
        &account.password,
        &account.access_token,
        &account.refresh_token,
        renewed["accessToken"].as_str().unwrap(),
        renewed["refreshToken"].as_str().unwrap(),
        &ticket,
        &invite,
        &resume,
    ];
    for secret in secrets {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} was logged: {found:#?}");
    }
    let json = log.lines().filter(|line| line.starts_with('{'));
    json.for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).expect("a log line is JSON")));
}
