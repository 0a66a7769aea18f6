//! Workspaces.

use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::{Code, EventBody, UserId, WorkspaceId, WorkspaceRole};
use tertulia_ports::store::PageRequest;
use tertulia_ports::store::workspaces::{NewInvite, NewWorkspace};

use crate::World;
use crate::world::{code_of, new_id, page};

pub async fn slugs_are_unique(world: &World) {
    let owner = world.user("owner").await;
    let workspaces = &world.store.workspaces;
    for (name, slug) in [("team", "team"), ("team", "team-2"), ("team", "team-3")] {
        let id = world.workspace(owner, name).await;
        let made = workspaces.get(id, owner).await.unwrap().unwrap();
        assert_eq!((made.slug.as_str(), made.role, made.member_count), (slug, WorkspaceRole::Owner, 1));
    }
    let exact = NewWorkspace { id: new_id(), name: "t".into(), slug: "team".into(), slug_exact: true, owner, at: world.tick() };
    assert_eq!(code_of(workspaces.create(exact).await), Code::Conflict);
    let list = workspaces.list(owner).await.unwrap();
    assert_eq!(list.len(), 3);
    let outsider = world.user("outsider").await;
    assert!(workspaces.get(list[0].id, outsider).await.unwrap().is_none());
    let renamed = workspaces.rename(WorkspaceGrant::system(owner, list[0].id), "Crew".into()).await.unwrap();
    assert_eq!((renamed.name.as_str(), &renamed.slug), ("Crew", &list[0].slug));
}

pub async fn the_last_owner_stays(world: &World) {
    let [owner, second] = world.users(["owner", "second"]).await;
    let team = world.workspace(owner, "team").await;
    let workspaces = &world.store.workspaces;
    let grant = WorkspaceGrant::system(owner, team);
    for role in [None, Some(WorkspaceRole::Admin)] {
        assert_eq!(code_of(workspaces.set_role(grant, owner, role, world.tick()).await), Code::LastOwner);
    }
    assert_eq!(code_of(workspaces.set_role(grant, second, None, world.tick()).await), Code::NotFound);
    world.join_workspace(team, owner, second, WorkspaceRole::Member).await;
    assert!(workspaces.set_role(grant, second, Some(WorkspaceRole::Owner), world.tick()).await.unwrap().is_empty());
    workspaces.set_role(grant, owner, Some(WorkspaceRole::Member), world.tick()).await.unwrap();
    assert_eq!(workspaces.role(team, owner).await.unwrap(), Some(WorkspaceRole::Member));
    assert_eq!(code_of(workspaces.set_role(grant, second, None, world.tick()).await), Code::LastOwner);
}

pub async fn who_leaves_loses_the_conversations(world: &World) {
    let [owner, maya] = world.users(["owner", "maya"]).await;
    let (team, other_team) = (world.workspace(owner, "team").await, world.workspace(owner, "other").await);
    let (grant, conversations) = (WorkspaceGrant::system(owner, team), &world.store.conversations);
    let mut inside = Vec::new();
    for workspace in [team, other_team] {
        world.join_workspace(workspace, owner, maya, WorkspaceRole::Member).await;
        for name in ["general", "random"] {
            let channel = world.channel(workspace, maya, name).await.conversation.id;
            inside.push(channel);
        }
    }
    let group = world.group(maya, &[owner]).await;
    let events = world.store.workspaces.set_role(grant, maya, None, world.tick()).await.unwrap();
    assert_eq!(events.iter().map(|event| event.conversation_id).collect::<Vec<_>>(), inside[..2]);
    assert!(
        events.iter().all(|event| event.actor_id == owner && matches!(&event.body, EventBody::MemberLeft(left) if left.user_id == maya))
    );
    let mut kept = conversations.heads_of(maya, None).await.unwrap().iter().map(|head| head.conversation_id).collect::<Vec<_>>();
    kept.sort();
    let mut expected = vec![inside[2], inside[3], group];
    expected.sort();
    assert_eq!(kept, expected);
    let listed = world.store.workspaces.members(grant, page(10)).await.unwrap();
    assert_eq!(listed.items.iter().map(|member| member.user.id).collect::<Vec<_>>(), [owner]);
}

async fn invite(world: &World, team: WorkspaceId, by: UserId, token: u8, role: WorkspaceRole) {
    let at = world.tick();
    let new = NewInvite { id: new_id(), token_hash: [token; 32], role, max_uses: Some(2), at, expires_at: at.plus_millis(60_000) };
    let made = world.store.workspaces.create_invite(WorkspaceGrant::system(by, team), new.clone()).await.unwrap();
    assert_eq!((made.id, made.created_by, made.uses, made.max_uses, made.role), (new.id, by, 0, Some(2), role));
}

pub async fn invitations_end(world: &World) {
    let [owner, admin, maya, marc] = world.users(["owner", "admin", "maya", "marc"]).await;
    let team = world.workspace(owner, "team").await;
    world.join_workspace(team, owner, admin, WorkspaceRole::Admin).await;
    let (grant, workspaces) = (WorkspaceGrant::system(owner, team), &world.store.workspaces);
    for token in 1..=4 {
        invite(world, team, if token == 4 { admin } else { owner }, token, WorkspaceRole::Member).await;
    }
    let now = world.tick();
    let usable = workspaces.invites(grant, now).await.unwrap();
    assert_eq!(usable.len(), 4);
    assert_eq!(workspaces.find_invite([1; 32], now).await.unwrap().1, "team");
    assert_eq!(code_of(workspaces.find_invite([99; 32], now).await), Code::NotFound);
    // Spent.
    for user in [maya, marc] {
        assert_eq!(workspaces.accept_invite([1; 32], user, now).await.unwrap().role, WorkspaceRole::Member);
    }
    assert_eq!(code_of(workspaces.find_invite([1; 32], now).await), Code::Gone);
    // Withdrawn. The newest is first, the oldest last.
    let second = workspaces.find_invite([2; 32], now).await.unwrap().0.id;
    assert!(workspaces.revoke_invite(grant, second).await.unwrap());
    assert!(!workspaces.revoke_invite(grant, second).await.unwrap());
    assert!(!workspaces.revoke_invite(grant, new_id()).await.unwrap());
    // Its maker may not invite any more.
    workspaces.set_role(grant, admin, Some(WorkspaceRole::Member), now).await.unwrap();
    for token in [2, 4] {
        assert_eq!(code_of(workspaces.find_invite([token; 32], now).await), Code::Gone, "{token}");
    }
    // Late.
    assert_eq!(workspaces.invites(grant, now).await.unwrap().len(), 1);
    let late = now.plus_millis(60_000);
    assert_eq!(code_of(workspaces.find_invite([3; 32], late).await), Code::Gone);
    let outsider = world.user("outsider").await;
    assert_eq!(code_of(workspaces.accept_invite([3; 32], outsider, late).await), Code::Gone);
    assert_eq!(workspaces.role(team, outsider).await.unwrap(), None);
    let request = PageRequest { cursor: Some("00".into()), limit: 10 };
    assert_eq!(code_of(workspaces.members(grant, request).await), Code::InvalidCursor);
}

pub async fn an_invitation_can_be_used_again_by_who_is_in(world: &World) {
    let [owner, maya] = world.users(["owner", "maya"]).await;
    let team = world.workspace(owner, "team").await;
    invite(world, team, owner, 1, WorkspaceRole::Guest).await;
    let now = world.tick();
    for _ in 0..3 {
        assert_eq!(world.store.workspaces.accept_invite([1; 32], maya, now).await.unwrap().role, WorkspaceRole::Guest);
    }
    assert_eq!(world.store.workspaces.accept_invite([1; 32], owner, now).await.unwrap().role, WorkspaceRole::Owner);
    assert_eq!(world.store.workspaces.find_invite([1; 32], now).await.unwrap().0.uses, 1);
}
