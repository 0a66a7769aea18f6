//! People, and what a name may be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Refusal;
use crate::ids::UserId;
use crate::time::Timestamp;

/// A person or a bot, as everybody may see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct User {
    pub id: UserId,
    /// Unique on the server, lower case: what `@` mentions.
    pub username: String,
    pub display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Author of imported messages: has no password and cannot sign in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub imported: bool,
    pub created_at: Timestamp,
}

pub const USERNAME_CHARS_MAX: usize = 50;
pub const DISPLAY_NAME_CHARS_MAX: usize = 100;
pub const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=256;

/// 2–50 of `a-z 0-9 . _ -`, beginning with a letter or digit. Upper case is folded, not refused.
pub fn check_username(name: &str) -> Result<String, Refusal> {
    let name = name.trim().to_ascii_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let starts_well = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if (2..=USERNAME_CHARS_MAX).contains(&name.len())
        && starts_well
        && name.chars().all(allowed)
        && !matches!(name.as_str(), "here" | "channel" | "everyone" | "all")
    {
        Ok(name)
    } else {
        Err(Refusal::field("username", "2 to 50 letters, digits, dots, underscores or hyphens, and not a reserved word"))
    }
}

/// Names of people, workspaces and conversations: 1–`max` characters, no control characters, trimmed.
pub fn check_name(field: &'static str, name: &str, max: usize) -> Result<String, Refusal> {
    let name = name.trim();
    let visible = name.chars().any(|c| !c.is_whitespace() && !crate::content::is_invisible(c));
    if visible && name.chars().count() <= max && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(Refusal::field(field, format!("1 to {max} visible characters")))
    }
}

/// Measured before it is hashed, so that a huge one costs nothing.
pub fn check_password(password: &str) -> Result<(), Refusal> {
    if PASSWORD_BYTES.contains(&password.len()) { Ok(()) } else { Err(Refusal::field("password", "8 to 256 bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_fold_case_and_refuse_what_mentions_cannot_carry() {
        assert_eq!(check_username(" Maya.Chen ").unwrap(), "maya.chen");
        for bad in ["", "a", "-x", "a b", "ünï", "here", "channel", &"a".repeat(51)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_needs_something_to_see() {
        assert_eq!(check_name("name", "  Launch 🚀 ", 100).unwrap(), "Launch 🚀");
        assert!(check_name("name", "\u{200b}\u{feff}", 100).is_err());
        assert!(check_name("name", "a\u{0}b", 100).is_err());
        assert!(check_name("name", &"x".repeat(101), 100).is_err());
    }
}
