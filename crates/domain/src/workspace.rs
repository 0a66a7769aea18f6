//! Teams: who belongs to them and in which role.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{InviteId, UserId, WorkspaceId};
use crate::time::Timestamp;
use crate::user::User;

/// What somebody may do in a workspace; later ones may do all that earlier ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum WorkspaceRole {
    /// Sees only the conversations they were added to.
    Guest,
    Member,
    Admin,
    Owner,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    /// Unique on the server; in URLs.
    pub slug: String,
    /// The caller's role.
    pub role: WorkspaceRole,
    pub member_count: u64,
    pub created_at: Timestamp,
}

/// Somebody in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceMember {
    pub user: User,
    pub role: WorkspaceRole,
    pub joined_at: Timestamp,
}

/// An invitation, without its token: that is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Invite {
    pub id: InviteId,
    pub workspace_id: WorkspaceId,
    pub role: WorkspaceRole,
    pub created_by: UserId,
    /// How often it may be used; absent = without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    pub uses: u32,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// `Launch Team!` → `launch-team`. Empty when nothing of the name can be spelled in a URL.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(40);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn slugs_keep_what_a_url_can_spell() {
        assert_eq!(slug_of("Launch Team!"), "launch-team");
        assert_eq!(slug_of("  --"), "");
        assert_eq!(slug_of("Équipe 7"), "quipe-7");
    }
}
