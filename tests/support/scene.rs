//! People, workspaces and conversations to begin a test with.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{Client, Server};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A name nobody else has on a server that tests share.
pub fn unique(stem: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{stem}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A workspace with its owner and its channel for everybody.
pub struct Scene {
    pub owner: Client,
    pub workspace: String,
    pub general: String,
}

impl Scene {
    /// On a server with open registration.
    pub async fn new(server: &Server) -> Self {
        let owner = Client::register(server, "owner").await;
        let workspace = owner.post("workspaces", json!({ "name": unique("Launch ") })).await.is(201);
        let workspace = workspace["id"].as_str().unwrap().to_owned();
        let list = owner.get("conversations").await.ok();
        let general = list["items"].as_array().unwrap().iter().find(|item| item["workspaceId"] == *workspace).expect("general");
        let general = general["id"].as_str().unwrap().to_owned();
        Self { owner, workspace, general }
    }

    /// Somebody who registers with an invitation into the workspace.
    pub async fn join(&self, stem: &str, role: &str) -> Client {
        let token = self.invite(json!({ "role": role })).await;
        let name = unique(stem);
        let body = json!({ "username": name, "password": PASSWORD, "displayName": stem, "invite": token });
        let stranger = self.owner.anybody();
        let answer = stranger.post("auth/register", body).await.is(201);
        stranger.signed_in(&answer, PASSWORD)
    }

    pub async fn member(&self, stem: &str) -> Client {
        self.join(stem, "member").await
    }

    pub async fn members<const N: usize>(&self, stems: [&str; N]) -> [Client; N] {
        join_all(stems.map(|stem| self.member(stem))).await.try_into().ok().unwrap()
    }

    /// The token of an invitation.
    pub async fn invite(&self, body: Value) -> String {
        let answer = self.owner.post(&format!("workspaces/{}/invites", self.workspace), body).await.is(201);
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Made by the owner, who is in it.
    pub async fn conversation(&self, kind: &str, visibility: &str, members: &[&Client]) -> String {
        let ids: Vec<&str> = members.iter().map(|member| member.id()).collect();
        let body =
            json!({ "type": kind, "workspaceId": self.workspace, "name": unique("Place "), "visibility": visibility, "memberIds": ids });
        self.owner.post("conversations", body).await.is(201)["id"].as_str().unwrap().to_owned()
    }

    /// A private channel.
    pub async fn channel(&self, members: &[&Client]) -> String {
        self.conversation("channel", "private", members).await
    }

    /// The conversation of two.
    pub async fn direct(&self, one: &Client, other: &Client) -> String {
        one.post("conversations", json!({ "type": "direct", "memberIds": [other.id()] })).await.ok()["id"].as_str().unwrap().to_owned()
    }
}

impl Client {
    /// A new account on a server with open registration.
    pub async fn register(server: &Server, stem: &str) -> Self {
        let anybody = Self::new(server);
        let body = json!({ "username": unique(stem), "password": PASSWORD, "displayName": stem });
        let answer = anybody.post("auth/register", body).await.is(201);
        anybody.signed_in(&answer, PASSWORD)
    }

    /// The same person on another device.
    pub async fn login_again(&self) -> Self {
        let account = self.account.as_ref().expect("signed in");
        let anybody = self.anybody();
        let answer = anybody.post("auth/login", json!({ "username": account.username, "password": account.password })).await.ok();
        anybody.signed_in(&answer, &account.password)
    }
}
