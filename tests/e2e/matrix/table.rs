//! What is right. `y` done · `f` FORBIDDEN · `a` CONVERSATION_ARCHIVED · `.` NOT_FOUND · `u` TOKEN_INVALID · `-` does not exist.

use super::operations::{self, Operation};

/// Columns: anonymous · somebody of another workspace · guest outside · former member · guest inside · member inside ·
/// admin of the conversation · owner of the workspace (inside, but of a direct conversation or group of others).
pub struct Place {
    pub name: &'static str,
    pub kind: &'static str,
    pub visibility: &'static str,
    pub archived: bool,
    pub rows: [(Operation, &'static str); operations::ALL.len()],
}

use Operation::*;

#[rustfmt::skip]
pub const PUBLIC: Place = Place { name: "public channel", kind: "channel", visibility: "public", archived: false, rows: [
    (Look,          "u..yyyyy"),
    (Read,          "u..fyyyy"),
    (ReadMessage,   "u...yyyy"),
    (Send,          "u..fyyyy"),
    (EditOwn,       "u--.yyyy"),
    (EditOthers,    "u...ffff"),
    (DeleteOwn,     "u--.yyyy"),
    (DeleteOthers,  "u...ffyy"),
    (React,         "u...yyyy"),
    (Pin,           "u...yyyy"),
    (Type,          "u..fyyyy"),
    (MarkRead,      "u..fyyyy"),
    (Focus,         "u..fyyyy"),
    (Preferences,   "u..fyyyy"),
    (AddMember,     "u..ffyyy"),
    (RemoveMember,  "u..fffyy"),
    (SetRole,       "u..fffyy"),
    (Update,        "u..fffyy"),
    (Archive,       "u..fffyy"),
    (Join,          "u..yyyyy"),
    (Leave,         "u..fyyyy"),
]};

#[rustfmt::skip]
pub const PRIVATE: Place = Place { name: "private channel", kind: "channel", visibility: "private", archived: false, rows: [
    (Look,          "u...yyyy"),
    (Read,          "u...yyyy"),
    (ReadMessage,   "u...yyyy"),
    (Send,          "u...yyyy"),
    (EditOwn,       "u--.yyyy"),
    (EditOthers,    "u...ffff"),
    (DeleteOwn,     "u--.yyyy"),
    (DeleteOthers,  "u...ffyy"),
    (React,         "u...yyyy"),
    (Pin,           "u...yyyy"),
    (Type,          "u...yyyy"),
    (MarkRead,      "u...yyyy"),
    (Focus,         "u...yyyy"),
    (Preferences,   "u...yyyy"),
    (AddMember,     "u...fyyy"),
    (RemoveMember,  "u...ffyy"),
    (SetRole,       "u...ffyy"),
    (Update,        "u...ffyy"),
    (Archive,       "u...ffyy"),
    (Join,          "u...yyyy"),
    (Leave,         "u...yyyy"),
]};

#[rustfmt::skip]
pub const ARCHIVED: Place = Place { name: "archived public channel", kind: "channel", visibility: "public", archived: true, rows: [
    (Look,          "u..yyyyy"),
    (Read,          "u..fyyyy"),
    (ReadMessage,   "u...yyyy"),
    (Send,          "u..faaaa"),
    (EditOwn,       "u--.aaaa"),
    (EditOthers,    "u...aaaa"),
    (DeleteOwn,     "u--.aaaa"),
    (DeleteOthers,  "u...aaaa"),
    (React,         "u...aaaa"),
    (Pin,           "u...aaaa"),
    (Type,          "u..faaaa"),
    (MarkRead,      "u..fyyyy"),
    (Focus,         "u..fyyyy"),
    (Preferences,   "u..fyyyy"),
    (AddMember,     "u..faaaa"),
    (RemoveMember,  "u..faaaa"),
    (SetRole,       "u..faaaa"),
    (Update,        "u..faaaa"),
    (Archive,       "u..fffyy"),
    (Join,          "u..aaaaa"),
    (Leave,         "u..fyyyy"),
]};

#[rustfmt::skip]
pub const BROADCAST: Place = Place { name: "broadcast", kind: "broadcast", visibility: "private", archived: false, rows: [
    (Look,          "u...yyyy"),
    (Read,          "u...yyyy"),
    (ReadMessage,   "u...yyyy"),
    (Send,          "u...ffyy"),
    (EditOwn,       "u--.yyyy"),
    (EditOthers,    "u...ffff"),
    (DeleteOwn,     "u--.yyyy"),
    (DeleteOthers,  "u...ffyy"),
    (React,         "u...yyyy"),
    (Pin,           "u...ffyy"),
    (Type,          "u...ffyy"),
    (MarkRead,      "u...yyyy"),
    (Focus,         "u...yyyy"),
    (Preferences,   "u...yyyy"),
    (AddMember,     "u...ffyy"),
    (RemoveMember,  "u...ffyy"),
    (SetRole,       "u...ffyy"),
    (Update,        "u...ffyy"),
    (Archive,       "u...ffyy"),
    (Join,          "u...yyyy"),
    (Leave,         "u...yyyy"),
]};

/// No workspace: its roles mean nothing here.
#[rustfmt::skip]
pub const GROUP: Place = Place { name: "group", kind: "group", visibility: "private", archived: false, rows: [
    (Look,          "u...yyyy"),
    (Read,          "u...yyyy"),
    (ReadMessage,   "u...yyyy"),
    (Send,          "u...yyyy"),
    (EditOwn,       "u--.yyyy"),
    (EditOthers,    "u...ffff"),
    (DeleteOwn,     "u--.yyyy"),
    (DeleteOthers,  "u...ffyf"),
    (React,         "u...yyyy"),
    (Pin,           "u...yyyy"),
    (Type,          "u...yyyy"),
    (MarkRead,      "u...yyyy"),
    (Focus,         "u...yyyy"),
    (Preferences,   "u...yyyy"),
    (AddMember,     "u...yyyy"),
    (RemoveMember,  "u...ffyf"),
    (SetRole,       "u...ffyf"),
    (Update,        "u...ffyf"),
    (Archive,       "u...ffyf"),
    (Join,          "u...yyyy"),
    (Leave,         "u...yyyy"),
]};

/// Between "member inside" and "admin of the conversation", who is none, and who wrote what is "others'".
#[rustfmt::skip]
pub const DIRECT: Place = Place { name: "direct", kind: "direct", visibility: "private", archived: false, rows: [
    (Look,          "u..--yy."),
    (Read,          "u..--yy."),
    (ReadMessage,   "u..--yy."),
    (Send,          "u..--yy."),
    (EditOwn,       "u----yy-"),
    (EditOthers,    "u..--f-."),
    (DeleteOwn,     "u----yy-"),
    (DeleteOthers,  "u..--f-."),
    (React,         "u..--yy."),
    (Pin,           "u..--yy."),
    (Type,          "u..--yy."),
    (MarkRead,      "u..--yy."),
    (Focus,         "u..--yy."),
    (Preferences,   "u..--yy."),
    (AddMember,     "u..--ff."),
    (RemoveMember,  "u..--ff."),
    (SetRole,       "u..--ff."),
    (Update,        "u..--ff."),
    (Archive,       "u..--ff."),
    (Join,          "u..--yy."),
    (Leave,         "u..--ff."),
]};
