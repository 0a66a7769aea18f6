//! The one table of error codes, and the refusal that carries one to the caller.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the client does next. This is the contract; codes may be added, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Retry {
    /// The same request can't succeed.
    Never,
    /// Refresh the token or sign in, then send the same again.
    Auth,
    /// Send the same again, not before `retryAfterMs`.
    After,
    /// Outcome unknown: send again with the same `messageId`; safe for ever.
    SameId,
    /// The local copy is too old: fetch it anew.
    Resync,
}

macro_rules! codes {
    ($($name:ident = $wire:literal, $status:literal, $retry:ident, $doc:literal;)+) => {
        /// Why a request was refused. The wire name is in `SCREAMING_SNAKE_CASE`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
        pub enum Code {$(
            #[doc = $doc]
            #[serde(rename = $wire)]
            $name,
        )+}

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),+ }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            pub fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry),+ }
            }

            /// What it means, for the reference.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc),+ }
            }
        }
    };
}

codes! {
    InvalidJson = "INVALID_JSON", 400, Never, "The body is not JSON that we accept: syntax, UTF-8, depth over 32 or a duplicate key.";
    InvalidMessage = "INVALID_MESSAGE", 400, Never, "The frame is JSON but no frame: not an object, no `type`, a bad `id` or a missing payload.";
    InvalidField = "INVALID_FIELD", 400, Never, "A field is missing, has the wrong type or is out of bounds; `details.field` names it.";
    UnknownType = "UNKNOWN_TYPE", 400, Never, "No frame of this type exists.";
    InvalidCursor = "INVALID_CURSOR", 400, Never, "The cursor was not made by this server for this list.";
    InvalidParent = "INVALID_PARENT", 400, Never, "The message answered is deleted, elsewhere, or itself a reply in a thread.";
    TokenInUrl = "TOKEN_IN_URL", 400, Never, "Access tokens don't belong into URLs: they are logged.";
    TokenExpired = "TOKEN_EXPIRED", 401, Auth, "The access token is past its time: refresh it.";
    TokenInvalid = "TOKEN_INVALID", 401, Auth, "No token, not ours, or wrong credentials.";
    SessionRevoked = "SESSION_REVOKED", 401, Auth, "This session was signed out: sign in again.";
    Forbidden = "FORBIDDEN", 403, Never, "You may see it, but not do this.";
    ConversationArchived = "CONVERSATION_ARCHIVED", 403, Never, "The conversation is archived: it can be read, not changed.";
    EditWindow = "EDIT_WINDOW", 403, Never, "The time in which the message could be edited is over.";
    Origin = "ORIGIN", 403, Never, "The request comes from a site that is not allowed to use this server.";
    NotFound = "NOT_FOUND", 404, Never, "It does not exist, or you may not know of it.";
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405, Never, "The route exists with other methods; `Allow` lists them.";
    Conflict = "CONFLICT", 409, Never, "The name is taken, or the same `messageId` was used for something else.";
    LastOwner = "LAST_OWNER", 409, Never, "A workspace keeps at least one owner.";
    LimitReached = "LIMIT_REACHED", 409, Never, "A limit on how many there may be; `details.limit` says it.";
    Gone = "GONE", 410, Never, "The invitation was used up, withdrawn, or is past its time.";
    RevisionMismatch = "REVISION_MISMATCH", 412, Never, "Somebody changed it first: read it again.";
    TooLarge = "TOO_LARGE", 413, Never, "The body is over the limit.";
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415, Never, "Send `content-type: application/json`.";
    UpgradeRequired = "UPGRADE_REQUIRED", 426, Never, "This protocol version is not spoken here.";
    RateLimited = "RATE_LIMITED", 429, After, "Too many; wait `retryAfterMs`.";
    Internal = "INTERNAL", 500, SameId, "A fault of ours; the outcome is unknown.";
    Overloaded = "OVERLOADED", 503, After, "Too busy right now.";
    Unavailable = "UNAVAILABLE", 503, After, "A part that this needs is down; nothing was done.";
    Timeout = "TIMEOUT", 504, SameId, "No answer in time; the outcome is unknown.";
    Resync = "RESYNC", 409, Resync, "The local copy is too old or of another log: fetch it anew.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that is not carried out, and what the caller may know about why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    pub code: Code,
    /// For the developer at the other end: never contains message content or secrets.
    pub message: String,
    pub retry_after_ms: Option<u64>,
    /// The field that `INVALID_FIELD` is about, in the wire's spelling.
    pub field: Option<String>,
    /// The bound that was hit, for `LIMIT_REACHED` and `TOO_LARGE`.
    pub limit: Option<u64>,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, field: None, limit: None }
    }

    /// What the caller may not know of answers exactly like what doesn't exist.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "not found")
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Code::InvalidField, message) }
    }

    pub fn limit(limit: u64, message: impl Into<String>) -> Self {
        Self { limit: Some(limit), ..Self::new(Code::LimitReached, message) }
    }

    pub fn rate_limited(retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(Code::RateLimited, "too many requests") }
    }

    pub fn unavailable(message: impl Into<String>, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(Code::Unavailable, message) }
    }
}
