//! Every operation × every actor × every state of a conversation, against a table written by hand.
//!
//! A cell says what the actor gets: `y` granted, `f` FORBIDDEN, `a` CONVERSATION_ARCHIVED, `.` NOT_FOUND.

use tertulia_domain::access::{Action, Standing, Subject, WorkspaceAction, authorize, authorize_workspace};
use tertulia_domain::conversation::{ConversationSettings, ConversationType, MemberRole, Visibility};
use tertulia_domain::{Code, ConversationId, UserId, WorkspaceId, WorkspaceRole};
use uuid::Uuid;

/// Columns: somebody of elsewhere · guest outside · member outside · workspace admin outside · guest inside ·
/// member inside · conversation admin · workspace admin inside.
const ACTORS: [(Option<WorkspaceRole>, Option<MemberRole>); 8] = [
    (None, None),
    (Some(WorkspaceRole::Guest), None),
    (Some(WorkspaceRole::Member), None),
    (Some(WorkspaceRole::Admin), None),
    (Some(WorkspaceRole::Guest), Some(MemberRole::Member)),
    (Some(WorkspaceRole::Member), Some(MemberRole::Member)),
    (Some(WorkspaceRole::Member), Some(MemberRole::Admin)),
    (Some(WorkspaceRole::Admin), Some(MemberRole::Member)),
];

struct Place {
    name: &'static str,
    conversation_type: ConversationType,
    visibility: Visibility,
    settings: ConversationSettings,
    archived: bool,
    /// In the order of [`Action::ALL`].
    table: [&'static str; 20],
}

const OPEN: ConversationSettings = ConversationSettings { only_admins_can_post: false, allow_member_invites: true };
const STRICT: ConversationSettings = ConversationSettings { only_admins_can_post: true, allow_member_invites: false };

#[rustfmt::skip]
const PLACES: &[Place] = &[
    Place { name: "public channel", conversation_type: ConversationType::Channel, visibility: Visibility::Public, settings: OPEN, archived: false, table: [
        /* Look            */ "..yyyyyy",
        /* Read            */ "..ffyyyy",
        /* Send            */ "..ffyyyy",
        /* Edit own        */ "..ffyyyy",
        /* Edit others'    */ "..ffffff",
        /* Delete own      */ "..ffyyyy",
        /* Delete others'  */ "..ffffyy",
        /* React           */ "..ffyyyy",
        /* Pin             */ "..ffyyyy",
        /* Type            */ "..ffyyyy",
        /* MarkRead        */ "..ffyyyy",
        /* SetPreferences  */ "..ffyyyy",
        /* Join            */ "..yyyyyy",
        /* Leave           */ "..ffyyyy",
        /* AddMembers      */ "..fffyyy",
        /* RemoveMember    */ "..ffffyy",
        /* SetMemberRole   */ "..ffffyy",
        /* Update          */ "..ffffyy",
        /* Archive         */ "..ffffyy",
        /* MentionAll      */ "..ffffyy",
    ]},
    Place { name: "private channel, admins post", conversation_type: ConversationType::Channel, visibility: Visibility::Private, settings: STRICT, archived: false, table: [
        /* Look            */ "....yyyy",
        /* Read            */ "....yyyy",
        /* Send            */ "....ffyy",
        /* Edit own        */ "....yyyy",
        /* Edit others'    */ "....ffff",
        /* Delete own      */ "....yyyy",
        /* Delete others'  */ "....ffyy",
        /* React           */ "....yyyy",
        /* Pin             */ "....yyyy",
        /* Type            */ "....ffyy",
        /* MarkRead        */ "....yyyy",
        /* SetPreferences  */ "....yyyy",
        /* Join            */ "....yyyy",
        /* Leave           */ "....yyyy",
        /* AddMembers      */ "....ffyy",
        /* RemoveMember    */ "....ffyy",
        /* SetMemberRole   */ "....ffyy",
        /* Update          */ "....ffyy",
        /* Archive         */ "....ffyy",
        /* MentionAll      */ "....ffyy",
    ]},
    Place { name: "broadcast", conversation_type: ConversationType::Broadcast, visibility: Visibility::Public, settings: OPEN, archived: false, table: [
        /* Look            */ "..yyyyyy",
        /* Read            */ "..ffyyyy",
        /* Send            */ "..ffffyy",
        /* Edit own        */ "..ffyyyy",
        /* Edit others'    */ "..ffffff",
        /* Delete own      */ "..ffyyyy",
        /* Delete others'  */ "..ffffyy",
        /* React           */ "..ffyyyy",
        /* Pin             */ "..ffffyy",
        /* Type            */ "..ffffyy",
        /* MarkRead        */ "..ffyyyy",
        /* SetPreferences  */ "..ffyyyy",
        /* Join            */ "..yyyyyy",
        /* Leave           */ "..ffyyyy",
        /* AddMembers      */ "..ffffyy",
        /* RemoveMember    */ "..ffffyy",
        /* SetMemberRole   */ "..ffffyy",
        /* Update          */ "..ffffyy",
        /* Archive         */ "..ffffyy",
        /* MentionAll      */ "..ffffyy",
    ]},
    Place { name: "group", conversation_type: ConversationType::Group, visibility: Visibility::Private, settings: OPEN, archived: false, table: [
        /* Look            */ "....yyyy",
        /* Read            */ "....yyyy",
        /* Send            */ "....yyyy",
        /* Edit own        */ "....yyyy",
        /* Edit others'    */ "....ffff",
        /* Delete own      */ "....yyyy",
        /* Delete others'  */ "....ffyy",
        /* React           */ "....yyyy",
        /* Pin             */ "....yyyy",
        /* Type            */ "....yyyy",
        /* MarkRead        */ "....yyyy",
        /* SetPreferences  */ "....yyyy",
        /* Join            */ "....yyyy",
        /* Leave           */ "....yyyy",
        /* AddMembers      */ "....fyyy",
        /* RemoveMember    */ "....ffyy",
        /* SetMemberRole   */ "....ffyy",
        /* Update          */ "....ffyy",
        /* Archive         */ "....ffyy",
        /* MentionAll      */ "....ffyy",
    ]},
    Place { name: "direct", conversation_type: ConversationType::Direct, visibility: Visibility::Private, settings: OPEN, archived: false, table: [
        /* Look            */ "....yyyy",
        /* Read            */ "....yyyy",
        /* Send            */ "....yyyy",
        /* Edit own        */ "....yyyy",
        /* Edit others'    */ "....ffff",
        /* Delete own      */ "....yyyy",
        /* Delete others'  */ "....ffff",
        /* React           */ "....yyyy",
        /* Pin             */ "....yyyy",
        /* Type            */ "....yyyy",
        /* MarkRead        */ "....yyyy",
        /* SetPreferences  */ "....yyyy",
        /* Join            */ "....yyyy",
        /* Leave           */ "....ffff",
        /* AddMembers      */ "....ffff",
        /* RemoveMember    */ "....ffff",
        /* SetMemberRole   */ "....ffff",
        /* Update          */ "....ffff",
        /* Archive         */ "....ffff",
        /* MentionAll      */ "....yyyy",
    ]},
    Place { name: "archived public channel", conversation_type: ConversationType::Channel, visibility: Visibility::Public, settings: OPEN, archived: true, table: [
        /* Look            */ "..yyyyyy",
        /* Read            */ "..ffyyyy",
        /* Send            */ "..ffaaaa",
        /* Edit own        */ "..ffaaaa",
        /* Edit others'    */ "..ffaaaa",
        /* Delete own      */ "..ffaaaa",
        /* Delete others'  */ "..ffaaaa",
        /* React           */ "..ffaaaa",
        /* Pin             */ "..ffaaaa",
        /* Type            */ "..ffaaaa",
        /* MarkRead        */ "..ffyyyy",
        /* SetPreferences  */ "..ffyyyy",
        /* Join            */ "..aaaaaa",
        /* Leave           */ "..ffyyyy",
        /* AddMembers      */ "..ffaaaa",
        /* RemoveMember    */ "..ffaaaa",
        /* SetMemberRole   */ "..ffaaaa",
        /* Update          */ "..ffaaaa",
        /* Archive         */ "..ffffyy",
        /* MentionAll      */ "..ffaaaa",
    ]},
];

#[test]
fn every_cell_of_the_conversation_matrix() {
    let (user_id, id) = (UserId(Uuid::now_v7()), ConversationId(Uuid::now_v7()));
    for place in PLACES {
        let &Place { conversation_type, visibility, settings, archived, .. } = place;
        let subject = Subject { id, conversation_type, visibility, settings, archived };
        for (action, row) in Action::ALL.iter().zip(place.table) {
            for ((workspace_role, member_role), expected) in ACTORS.into_iter().zip(row.chars()) {
                let who = Standing { user_id, workspace_role, member_role };
                let got = match authorize(*action, who, subject) {
                    Ok(grant) => {
                        assert_eq!((grant.actor(), grant.conversation(), grant.action()), (user_id, id, *action));
                        'y'
                    }
                    Err(refusal) => letter(refusal.code),
                };
                assert_eq!(got, expected, "{action:?} in {} by {workspace_role:?}/{member_role:?}", place.name);
            }
        }
    }
}

#[test]
fn every_cell_of_the_workspace_matrix() {
    let roles = [None, Some(WorkspaceRole::Guest), Some(WorkspaceRole::Member), Some(WorkspaceRole::Admin), Some(WorkspaceRole::Owner)];
    #[rustfmt::skip]
    let table = [
        (WorkspaceAction::Read, ".yyyy"),
        (WorkspaceAction::Browse, ".fyyy"),
        (WorkspaceAction::CreateChannel, ".fyyy"),
        (WorkspaceAction::CreateBroadcast, ".ffyy"),
        (WorkspaceAction::Invite, ".ffyy"),
        (WorkspaceAction::Update, ".ffyy"),
        (WorkspaceAction::ManageMember { of: WorkspaceRole::Guest }, ".ffyy"),
        (WorkspaceAction::ManageMember { of: WorkspaceRole::Member }, ".ffyy"),
        (WorkspaceAction::ManageMember { of: WorkspaceRole::Admin }, ".ffyy"),
        (WorkspaceAction::ManageMember { of: WorkspaceRole::Owner }, ".fffy"),
        (WorkspaceAction::Leave, ".yyyy"),
        (WorkspaceAction::Delete, ".fffy"),
    ];
    let (user, workspace) = (UserId(Uuid::now_v7()), WorkspaceId(Uuid::now_v7()));
    for (action, row) in table {
        for (role, expected) in roles.into_iter().zip(row.chars()) {
            let got = authorize_workspace(action, user, role, workspace).map_or_else(|refusal| letter(refusal.code), |_| 'y');
            assert_eq!(got, expected, "{action:?} by {role:?}");
        }
    }
}

fn letter(code: Code) -> char {
    match code {
        Code::NotFound => '.',
        Code::Forbidden => 'f',
        Code::ConversationArchived => 'a',
        _ => '?',
    }
}
