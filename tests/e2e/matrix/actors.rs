//! Who acts, and on what.

use serde_json::{Value, json};
use tertulia_tests::{Client, Scene, Server, Socket, new_id, text, unique};
use tokio::sync::Mutex;

use super::table::Place;

/// Somebody in a column of the table, with messages of their own: one to edit, one to delete.
pub struct Actor {
    pub name: &'static str,
    pub client: Client,
    pub socket: Option<Mutex<Socket>>,
    /// Role in the conversation, of those inside.
    role: Option<&'static str>,
    pub to_edit: String,
    pub to_delete: String,
}

/// A conversation with everybody in place.
pub struct Stage {
    pub conversation: String,
    pub actors: Vec<Actor>,
    /// By a bystander: for others to edit, to delete, to react to.
    pub others: [String; 3],
    /// A member whom others remove, promote.
    pub victim: Client,
    /// Somebody outside whom others add.
    pub recruit: Client,
    /// In no column: whose rights put everything back.
    keeper: Client,
    archived: bool,
    direct: bool,
}

impl Stage {
    pub async fn build(server: &Server, place: &Place) -> Self {
        let scene = Scene::new(server).await;
        let [member, admin, former, victim, recruit] = scene.members(["member", "admin", "former", "victim", "recruit"]).await;
        let (outside, inside) = (scene.join("outsider", "guest").await, scene.join("guest", "guest").await);
        let stranger = Scene::new(server).await.owner;
        let direct = place.kind == "direct";
        let keeper = if direct { admin.clone() } else { scene.join("keeper", "admin").await };
        let all = [&member, &admin, &inside, &former, &victim, &scene.owner];
        let conversation = make(&scene, place, &keeper, if direct { &all[..1] } else { &all }).await;
        let columns: [(&str, Client, Option<&str>); 8] = [
            ("anonymous", keeper.anybody(), None),
            ("stranger", stranger, None),
            ("guest outside", outside, None),
            ("former member", former, None),
            ("guest", inside, Some("member")),
            ("member", member, Some("member")),
            ("admin", admin.clone(), Some("admin")),
            ("workspace owner", scene.owner.clone(), Some("member")),
        ];
        let mut stage =
            Self { conversation, actors: Vec::new(), others: Default::default(), victim, recruit, keeper, archived: false, direct };
        let bystander = if direct { admin } else { stage.victim.clone() };
        stage.promote_all(&columns, "admin").await;
        stage.others = [stage.message(&bystander).await, stage.message(&bystander).await, stage.message(&bystander).await];
        for (name, client, role) in columns {
            let wrote = role.is_some() || name == "former member";
            let wrote = wrote && (!direct || ["member", "admin"].contains(&name));
            let (to_edit, to_delete) =
                if wrote { (stage.message(&client).await, stage.message(&client).await) } else { (new_id(), new_id()) };
            let socket = if client.account.is_some() { Some(Mutex::new(client.socket().await)) } else { None };
            stage.actors.push(Actor { name, client, socket, role, to_edit, to_delete });
        }
        stage.archived = place.archived;
        stage.restore().await;
        stage
    }

    pub async fn head(&self) -> u64 {
        self.keeper.conversation(&self.conversation).await["head"].as_u64().unwrap()
    }

    pub fn path(&self, rest: &str) -> String {
        format!("conversations/{}{rest}", self.conversation)
    }

    async fn message(&self, author: &Client) -> String {
        author.say_id(&self.conversation, &unique("words ")).await
    }

    async fn promote_all(&self, columns: &[(&str, Client, Option<&str>); 8], role: &str) {
        if self.direct {
            return;
        }
        let inside = columns.iter().filter(|(name, _, inside)| inside.is_some() || *name == "former member").map(|(_, client, _)| client);
        for client in inside.chain([&self.victim]).filter(|client| client.id() != self.keeper.id()) {
            self.keeper.patch(&self.path(&format!("/members/{}", client.id())), json!({ "role": role })).await.ok();
        }
    }

    /// Everybody is where the table says, whatever was done.
    pub async fn restore(&self) {
        if self.direct {
            return;
        }
        let now: Value = self.keeper.get(&self.path("/members?limit=200")).await.ok();
        let role_of = |id: &str| -> Option<String> {
            let members = now["items"].as_array().unwrap();
            members.iter().find(|member| member["user"]["id"] == *id).map(|member| member["role"].as_str().unwrap().to_owned())
        };
        let mut wanted: Vec<(&str, Option<&str>)> =
            self.actors.iter().filter(|actor| actor.client.account.is_some()).map(|actor| (actor.client.id(), actor.role)).collect();
        wanted.extend([(self.victim.id(), Some("member")), (self.recruit.id(), None)]);
        wanted.retain(|(id, _)| *id != self.keeper.id());
        wanted.retain(|(id, role)| role_of(id).as_deref() != *role);
        let is_archived = self.keeper.conversation(&self.conversation).await["archivedAt"].is_string();
        if wanted.is_empty() && is_archived == self.archived {
            return;
        }
        if is_archived {
            self.keeper.patch(&self.path(""), json!({ "archived": false })).await.ok();
        }
        for (id, role) in wanted {
            let member = self.path(&format!("/members/{id}"));
            match (role, role_of(id)) {
                (None, _) => self.keeper.delete(&member).await.ok(),
                (Some(role), Some(_)) => self.keeper.patch(&member, json!({ "role": role })).await.ok(),
                (Some(role), None) => self.keeper.post(&self.path("/members"), json!({ "userIds": [id], "role": role })).await.ok(),
            };
        }
        if self.archived {
            self.keeper.patch(&self.path(""), json!({ "archived": true })).await.ok();
        }
    }

    /// A body that sends a new message.
    pub fn new_message(&self) -> Value {
        json!({ "messageId": new_id(), "conversationId": self.conversation, "content": text("hello") })
    }
}

async fn make(scene: &Scene, place: &Place, keeper: &Client, members: &[&Client]) -> String {
    let ids: Vec<&str> = members.iter().map(|member| member.id()).collect();
    let body = match place.kind {
        "direct" => json!({ "type": "direct", "memberIds": ids }),
        "group" => json!({ "type": "group", "name": "Group", "memberIds": ids }),
        kind => {
            json!({ "type": kind, "workspaceId": scene.workspace, "name": unique("Place "), "visibility": place.visibility, "memberIds": ids })
        }
    };
    keeper.post("conversations", body).await.is(201)["id"].as_str().unwrap().to_owned()
}
