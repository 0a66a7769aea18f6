//! From nothing to a team.

use serde_json::json;
use tertulia_tests::{Client, Options, Scene, Server};

#[tokio::test]
async fn the_first_account_comes_by_the_banners_link_and_others_by_invitation() {
    let server = Server::with(Options::plain());
    let anybody = Client::new(&server);
    assert_eq!(anybody.get("server").await.ok()["needsSetup"], true);
    let account = json!({ "username": "maya", "password": "long enough", "displayName": "Maya", "workspaceName": "Launch Team" });
    let with = |token: &str| {
        let mut body = account.clone();
        body["token"] = token.into();
        body
    };
    anybody.post("auth/setup", with("guessed")).await.refused("GONE");
    let token = server.setup_token();
    let maya = anybody.signed_in(&anybody.post("auth/setup", with(&token)).await.is(201), "long enough");
    anybody.post("auth/setup", with(&token)).await.refused("GONE");
    assert_eq!(anybody.get("server").await.ok()["needsSetup"], false);

    let workspaces = maya.get("workspaces").await.ok();
    let workspace = &workspaces["items"][0];
    assert_eq!(
        (&workspace["name"], &workspace["role"], &workspace["slug"]),
        (&json!("Launch Team"), &json!("owner"), &json!("launch-team"))
    );
    let omar = json!({ "username": "omar", "password": "long enough too" });
    anybody.post("auth/register", omar.clone()).await.refused("FORBIDDEN");

    let invites = format!("workspaces/{}/invites", workspace["id"].as_str().unwrap());
    let invite = maya.post(&invites, json!({ "maxUses": 1 })).await.is(201);
    let link = invite["token"].as_str().unwrap();
    assert!(invite["url"].as_str().unwrap().contains(link));
    assert_eq!(anybody.get(&format!("invites/{link}")).await.ok()["workspaceName"], "Launch Team");
    let mut body = omar.clone();
    body["invite"] = link.into();
    let omar = anybody.signed_in(&anybody.post("auth/register", body.clone()).await.is(201), "long enough too");
    assert_eq!(omar.get("conversations").await.ok()["items"][0]["name"], "general");
    body["username"] = "third".into();
    anybody.post("auth/register", body).await.refused("GONE");
}

#[tokio::test]
async fn an_account_joins_a_second_team_and_roles_decide() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let other = Scene::new(&server).await;
    let ines = scene.member("ines").await;
    let token = other.invite(json!({ "role": "guest" })).await;
    let joined = ines.post(&format!("invites/{token}/accept"), json!({})).await.is(200);
    assert_eq!((&joined["id"], &joined["role"]), (&json!(other.workspace), &json!("guest")));
    assert_eq!(ines.get("workspaces").await.ok()["items"].as_array().unwrap().len(), 2);
    let guests = ines.get(&format!("workspaces/{}/channels", other.workspace)).await;
    guests.refused("FORBIDDEN");

    let member = format!("workspaces/{}/members/{}", other.workspace, ines.id());
    ines.patch(&member, json!({ "role": "owner" })).await.refused("FORBIDDEN");
    other.owner.patch(&member, json!({ "role": "member" })).await.ok();
    let channels = ines.get(&format!("workspaces/{}/channels", other.workspace)).await.ok();
    assert_eq!(channels["items"][0]["name"], "general");
    other.owner.delete(&member).await.ok();
    ines.get(&format!("workspaces/{}", other.workspace)).await.refused("NOT_FOUND");
}

#[tokio::test]
async fn a_profile_is_seen_by_those_who_share_a_place() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let stranger = Client::register(&server, "stranger").await;
    maya.patch("users/me", json!({ "displayName": "Maya <Chen>", "avatarUrl": "https://example.org/m.png" })).await.ok();
    let seen = omar.get(&format!("users/{}", maya.id())).await.ok();
    assert_eq!((&seen["displayName"], &seen["username"]), (&json!("Maya <Chen>"), &json!(maya.username())));
    assert!(seen.get("email").is_none() && seen.get("passwordHash").is_none());
    stranger.get(&format!("users/{}", maya.id())).await.refused("NOT_FOUND");
    let found = omar.get(&format!("users?query={}", maya.username())).await.ok();
    assert_eq!(found["items"][0]["id"], maya.id());
    assert!(stranger.get(&format!("users?query={}", maya.username())).await.ok()["items"].as_array().unwrap().is_empty());
    maya.patch("users/me", json!({ "avatarUrl": "javascript:alert(1)" })).await.refused_field("avatarUrl");
}
