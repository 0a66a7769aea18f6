//! Rows A1–A9: tokens, tickets, sessions, passwords.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tertulia_tests::{Client, Forge, Options, Scene, Server, Socket, unique};

const MINUTE: i64 = 60;

#[tokio::test]
async fn a1_forged_tokens_are_refused() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let forge = Forge::of(&server);
    let claims = Forge::claims(maya.access_token());
    maya.with_token(&forge.sign(&claims)).get("users/me").await.ok();
    let header = |change: fn(&mut jsonwebtoken::Header)| {
        let mut header = forge.header();
        change(&mut header);
        forge.sign_with(&header, &claims)
    };
    let token = maya.access_token();
    let forged = [
        ("alg none", Forge::unsigned(&claims)),
        ("HS256 with the public key", forge.confused(&claims)),
        ("another key", forge.foreign(&claims)),
        ("a key that came along", Forge::with_own_key(&claims)),
        ("no typ", header(|header| header.typ = None)),
        ("typ JWT", header(|header| header.typ = Some("JWT".into()))),
        ("signature cut", token[..token.len() - 4].to_owned()),
        ("signature empty", token[..=token.rfind('.').unwrap()].to_owned()),
        ("not a token", "hello".to_owned()),
        ("ten KiB", "a".repeat(10_000)),
        ("refresh token as access token", maya.account.as_ref().unwrap().refresh_token.clone()),
    ];
    for (what, token) in forged {
        let reply = maya.with_token(&token).get("users/me").await;
        assert_eq!((reply.status, reply.code()), (401, "TOKEN_INVALID".into()), "{what}");
    }
    maya.anybody().get("users/me").await.refused("TOKEN_INVALID");
}

#[tokio::test]
async fn a2_tokens_of_another_time_place_or_purpose_are_refused() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let forge = Forge::of(&server);
    let claims = Forge::claims(maya.access_token());
    let now = claims["iat"].as_i64().unwrap();
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        maya.with_token(&forge.sign(&claims))
    };
    with("exp", json!(now - MINUTE - 1)).get("users/me").await.refused("TOKEN_EXPIRED");
    for (name, value) in [
        ("iat", json!(now + 2 * MINUTE)),
        ("aud", json!("others")),
        ("iss", json!("others")),
        ("sub", json!("me")),
        ("exp", json!(i64::MAX)),
    ] {
        let reply = with(name, value).get("users/me").await;
        assert_eq!(reply.code(), "TOKEN_INVALID", "{name}: {}", reply.body);
    }
    let somebody = Client::register(&server, "somebody").await;
    let reply = with("sub", json!(somebody.id())).get("users/me").await;
    assert_eq!(reply.status, 401, "a session of somebody else's: {}", reply.body);
    for query in ["", "?ticket=invented"] {
        let bearer = format!("Bearer {}", forge.foreign(&claims));
        let headers = [("authorization", bearer.as_str())];
        assert_eq!(handshake_refusal(&maya, query, &headers).await, (401, "TOKEN_INVALID".into()), "{query}");
    }
}

/// Status and code of a refused handshake.
async fn handshake_refusal(client: &Client, query: &str, headers: &[(&str, &str)]) -> (u16, String) {
    match Socket::try_open(client, query, headers).await {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            let body: serde_json::Value = serde_json::from_slice(answer.body().as_deref().unwrap_or_default()).unwrap_or_default();
            (answer.status().as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened"),
    }
}

#[tokio::test]
async fn a3_a_token_in_a_url_is_refused_and_not_logged() {
    let server = Server::start();
    let maya = Client::register(&server, "maya").await;
    let token = maya.access_token();
    for name in ["token", "access_token", "accessToken"] {
        maya.anybody().get(&format!("users/me?{name}={token}")).await.refused("TOKEN_IN_URL");
        assert_eq!(handshake_refusal(&maya, &format!("?{name}={token}"), &[]).await, (400, "TOKEN_IN_URL".into()));
    }
    assert!(!server.log().text().contains(token));
}

#[tokio::test]
async fn a4_a_refresh_token_is_used_once_and_theft_ends_the_session() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let mut socket = maya.socket().await;
    let refresh = async |token: &str| maya.anybody().post("auth/refresh", json!({ "refreshToken": token })).await;
    let first = maya.account.as_ref().unwrap().refresh_token.clone();
    let second = refresh(&first).await.ok();
    let renewed = maya.signed_in(&second, "");
    assert_ne!(renewed.account.as_ref().unwrap().refresh_token, first);
    renewed.get("users/me").await.ok();
    // A lost answer is asked for again: the same successor, for ten seconds.
    assert_eq!(refresh(&first).await.ok()["refreshToken"], second["refreshToken"]);
    tokio::time::sleep(Duration::from_millis(10_100)).await;
    socket.settle().await;
    refresh(&first).await.refused("SESSION_REVOKED");
    let successor = refresh(second["refreshToken"].as_str().unwrap()).await;
    assert_eq!(successor.status, 401, "the whole family is dead: {}", successor.body);
    renewed.get("users/me").await.refused("SESSION_REVOKED");
    assert_eq!(socket.closed_within(Duration::from_secs(2)).await.code, 4503);
    refresh("invented").await.refused("TOKEN_INVALID");
}

#[tokio::test]
async fn a5_the_same_refresh_twice_at_once_gives_the_same_pair() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let body = json!({ "refreshToken": maya.account.as_ref().unwrap().refresh_token });
    let anybody = maya.anybody();
    let (one, other) = tokio::join!(anybody.post("auth/refresh", body.clone()), anybody.post("auth/refresh", body));
    assert_eq!(one.ok()["refreshToken"], other.ok()["refreshToken"]);
}

#[tokio::test]
async fn a6_passwords_have_bounds_and_guessing_has_a_limit() {
    let server = Server::with(Options::limited());
    let maya = Client::register(&server, "maya").await;
    let anybody = maya.anybody();
    for password in ["short", &"x".repeat(257), &"x".repeat(60_000)] {
        anybody.post("auth/register", json!({ "username": unique("p"), "password": password })).await.refused_field("password");
    }
    let login =
        async |username: &str, password: &str| anybody.post("auth/login", json!({ "username": username, "password": password })).await;
    login(maya.username(), &"x".repeat(60_000)).await.refused_field("password");
    let unknown = login("nobody-here", "a wrong password").await;
    let wrong = login(maya.username(), "a wrong password").await;
    let without_id = |body: &str| body.split("\"requestId\"").next().unwrap().to_owned();
    unknown.refused("TOKEN_INVALID");
    assert_eq!((unknown.status, without_id(&unknown.body)), (wrong.status, without_id(&wrong.body)), "nobody learns which names exist");
    for _ in 0..4 {
        login(maya.username(), "a wrong password").await.refused("TOKEN_INVALID");
    }
    let sixth = login(maya.username(), &maya.account.as_ref().unwrap().password).await;
    let error = sixth.refused("RATE_LIMITED");
    assert!(error["retryAfterMs"].as_u64().unwrap() > 0 && sixth.header("retry-after").is_some());
    login("somebody-else", "a wrong password").await.refused("TOKEN_INVALID");
    maya.get("users/me").await.ok();
}

#[tokio::test]
async fn a8_invitations_end() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = Client::register(&server, "maya").await;
    let once = scene.invite(json!({ "maxUses": 1 })).await;
    maya.post(&format!("invites/{once}/accept"), json!({})).await.ok();
    let omar = Client::register(&server, "omar").await;
    omar.post(&format!("invites/{once}/accept"), json!({})).await.refused("GONE");
    omar.post("invites/invented/accept", json!({})).await.refused("NOT_FOUND");

    let answer = scene.owner.post(&format!("workspaces/{}/invites", scene.workspace), json!({})).await.is(201);
    let withdraw = format!("workspaces/{}/invites/{}", scene.workspace, answer["id"].as_str().unwrap());
    maya.delete(&withdraw).await.refused("FORBIDDEN");
    scene.owner.delete(&withdraw).await.ok();
    let withdrawn = omar.post(&format!("invites/{}/accept", answer["token"].as_str().unwrap()), json!({})).await;
    assert!(["GONE", "NOT_FOUND"].contains(&withdrawn.code().as_str()), "{}", withdrawn.body);
    maya.post(&format!("workspaces/{}/invites", scene.workspace), json!({})).await.refused("FORBIDDEN");
    let admin = scene.join("admin", "admin").await;
    admin.post(&format!("workspaces/{}/invites", scene.workspace), json!({ "role": "owner" })).await.refused("FORBIDDEN");
    for (field, value) in [("maxUses", json!(0)), ("expiresInMs", json!(1)), ("expiresInMs", json!(91_u64 * 24 * 3_600_000))] {
        let body = json!({ field: value });
        scene.owner.post(&format!("workspaces/{}/invites", scene.workspace), body).await.refused_field(field);
    }
}

#[tokio::test]
async fn a9_revoking_closes_sockets_within_two_seconds() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let phone = maya.login_again().await;
    let (mut here, mut there) = (maya.socket().await, phone.socket().await);
    let sessions = maya.get("auth/sessions").await.ok();
    let sessions = sessions["items"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    let stranger = Client::register(&server, "stranger").await;
    stranger.delete(&format!("auth/sessions/{other}")).await.refused("NOT_FOUND");
    maya.delete(&format!("auth/sessions/{other}")).await.ok();
    let closed = there.closed_within(Duration::from_secs(2)).await;
    assert_eq!((closed.code, closed.reason.as_str()), (4503, "SESSION_REVOKED"));
    phone.get("users/me").await.refused("SESSION_REVOKED");
    here.settle().await;

    let tablet = maya.login_again().await;
    let mut third = tablet.socket().await;
    let account = maya.account.as_ref().unwrap();
    let change = |current: &str| json!({ "currentPassword": current, "newPassword": "another long one" });
    maya.post("auth/password", change("wrong one")).await.refused_field("currentPassword");
    maya.post("auth/password", change(&account.password)).await.ok();
    assert_eq!(third.closed_within(Duration::from_secs(2)).await.code, 4503);
    here.settle().await;
    maya.call(Method::POST, "auth/logout", None).await.ok();
    assert_eq!(here.closed_within(Duration::from_secs(2)).await.code, 4503);
    maya.get("users/me").await.refused("SESSION_REVOKED");
    let old = maya.anybody().post("auth/login", json!({ "username": maya.username(), "password": account.password })).await;
    old.refused("TOKEN_INVALID");
}

#[tokio::test]
async fn w22_a_ticket_opens_one_socket_for_one_origin() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let ticket = maya.ticket().await;
    let socket = Socket::with(&maya, &format!("?ticket={ticket}"), &[]).await;
    assert_eq!(socket.connected["userId"], maya.id());
    assert_eq!(handshake_refusal(&maya, &format!("?ticket={ticket}"), &[]).await, (401, "TOKEN_INVALID".into()));

    let own = server.url.clone();
    let request = maya.request(Method::POST, "auth/ws-ticket").header("origin", &own);
    let ticket = maya.finish(request).await.ok()["ticket"].as_str().unwrap().to_owned();
    assert_eq!(handshake_refusal(&maya, &format!("?ticket={ticket}"), &[]).await.0, 401, "another origin than it was given to");
    let request = maya.request(Method::POST, "auth/ws-ticket").header("origin", &own);
    let ticket = maya.finish(request).await.ok()["ticket"].as_str().unwrap().to_owned();
    Socket::with(&maya, &format!("?ticket={ticket}"), &[("origin", &own)]).await;
}

#[tokio::test]
async fn an_open_socket_outlives_its_token_by_refreshing_it() {
    let server = Server::shared();
    let maya = Client::register(&server, "maya").await;
    let forge = Forge::of(&server);
    let mut claims = Forge::claims(maya.access_token());
    claims["exp"] = json!(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() + 3);
    let short = maya.with_token(&forge.sign(&claims));
    let (mut lazy, mut eager) = (short.socket().await, short.socket().await);
    lazy.expect("token.refresh").await;
    assert!(eager.expect("token.refresh").await["expiresAt"].is_string());
    eager.ok("auth.refresh", json!({ "accessToken": maya.access_token() })).await;
    let closed = lazy.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4410, "TOKEN_EXPIRED"));
    eager.settle().await;
    short.get("users/me").await.refused("TOKEN_EXPIRED");
}
