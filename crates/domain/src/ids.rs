//! Identifiers. Each is a UUID with a type of its own, so that one cannot be passed for another.
//! On the wire: lower case, hyphenated. Any other spelling is not an id (and answers 404).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Position in a conversation's log: 1, 2, 3 … without a gap. Below 2^53. `0` = before the first.
pub type Seq = u64;

/// The largest integer that every JSON reader keeps exactly.
pub const MAX_SEQ: Seq = (1 << 53) - 1;

/// The text is not a UUID in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id in canonical form")]
pub struct NotAnId;

/// Only the canonical spelling counts: one id has one URL.
fn parse_canonical(text: &str) -> Result<Uuid, NotAnId> {
    let id = Uuid::try_parse(text).map_err(|_| NotAnId)?;
    let mut canonical = Uuid::encode_buffer();
    if id.hyphenated().encode_lower(&mut canonical) == text { Ok(id) } else { Err(NotAnId) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema, TS)]
        #[ts(type = "string")]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bytes, for storage.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_canonical(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A person or a bot.
    UserId,
    /// A team.
    WorkspaceId,
    /// Any place where messages are written.
    ConversationId,
    /// Chosen by the client that writes the message: the idempotency key.
    MessageId,
    /// One device signed in.
    SessionId,
    /// One invitation into a workspace.
    InviteId,
    /// One WebSocket.
    ConnectionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let canonical = "0190b2c4-7a1e-7c3d-9a4b-1c2d3e4f5a6b";
        assert_eq!(canonical.parse::<UserId>().unwrap().to_string(), canonical);
        for other in [
            canonical.to_uppercase(),
            canonical.replace('-', ""),
            format!("{{{canonical}}}"),
            format!("urn:uuid:{canonical}"),
            "../../etc/passwd".into(),
            String::new(),
        ] {
            assert_eq!(other.parse::<UserId>(), Err(NotAnId), "{other}");
        }
    }
}
