-- Rows are numbered: 16-byte ids stand once, in the row that they name; everything else refers by number.
-- Times are milliseconds since 1970. Enumerations are the numbers in src/codes.rs.

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    row           INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE,
    username      TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    -- display_name in lower case: SQLite folds ASCII only
    name_key      TEXT NOT NULL,
    avatar_url    TEXT,
    email         TEXT,
    -- NULL: cannot sign in
    password_hash TEXT,
    disabled      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX users_signing_in ON users (row) WHERE password_hash IS NOT NULL;

CREATE TABLE sessions (
    row          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    user         INTEGER NOT NULL,
    device_name  TEXT,
    revoked      INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of ON sessions (user, last_used_at);

-- Refresh tokens, by their hash. One that was used stays until it expires, so that a second use shows.
CREATE TABLE tokens (
    hash       BLOB PRIMARY KEY,
    session    INTEGER NOT NULL,
    used_at    INTEGER,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_of ON tokens (session, expires_at);

CREATE TABLE workspaces (
    row        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    slug       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE workspace_members (
    workspace INTEGER NOT NULL,
    user      INTEGER NOT NULL,
    role      INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX workspaces_of ON workspace_members (user, workspace);

CREATE TABLE invites (
    row        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    workspace  INTEGER NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    role       INTEGER NOT NULL,
    created_by INTEGER NOT NULL,
    max_uses   INTEGER,
    uses       INTEGER NOT NULL DEFAULT 0,
    revoked    INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invites_of ON invites (workspace);

CREATE TABLE conversations (
    row             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE,
    type            INTEGER NOT NULL,
    workspace       INTEGER,
    name            TEXT,
    -- name in lower case, of channels that are not archived: unique in the workspace
    name_key        TEXT,
    topic           TEXT,
    avatar_url      TEXT,
    visibility      INTEGER NOT NULL,
    settings        TEXT NOT NULL,
    is_default      INTEGER NOT NULL,
    -- both ids of a direct conversation, the smaller first
    pair            BLOB UNIQUE,
    member_count    INTEGER NOT NULL DEFAULT 0,
    head            INTEGER NOT NULL DEFAULT 0,
    epoch           TEXT NOT NULL,
    last_message_at INTEGER,
    archived_at     INTEGER,
    created_by      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX channel_names ON conversations (workspace, name_key) WHERE name_key IS NOT NULL;

CREATE TABLE members (
    conversation       INTEGER NOT NULL,
    user               INTEGER NOT NULL,
    role               INTEGER NOT NULL,
    joined_at          INTEGER NOT NULL,
    -- of the event that let them in: the order of joining
    joined_seq         INTEGER NOT NULL,
    read_seq           INTEGER NOT NULL,
    delivered_seq      INTEGER NOT NULL,
    read_at            INTEGER,
    delivered_at       INTEGER,
    notification_level INTEGER NOT NULL DEFAULT 0,
    muted_until        INTEGER,
    pinned             INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_of ON members (user, conversation);
CREATE INDEX members_by_joining ON members (conversation, joined_seq);

-- Who was in a conversation before: those in it may still read the profiles behind old messages.
CREATE TABLE former_members (
    conversation INTEGER NOT NULL,
    user         INTEGER NOT NULL,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

-- The log, first half: a row here is its message.new event. The only place where content stands.
CREATE TABLE messages (
    row           INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE,
    conversation  INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    sender        INTEGER NOT NULL,
    thread_root   INTEGER,
    reply_to      INTEGER,
    -- JSON; NULL: deleted
    content       TEXT,
    -- of what was first sent: tells a retry from a conflict after edits and deletion, too
    fingerprint   BLOB NOT NULL,
    -- 16 bytes per person
    mentions      BLOB,
    mention_scope INTEGER,
    priority      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    edited_at     INTEGER,
    deleted_at    INTEGER,
    expires_at    INTEGER,
    pinned_at     INTEGER,
    thread_count  INTEGER NOT NULL DEFAULT 0,
    last_reply_at INTEGER
) STRICT;
-- Read alone for pages outside threads and for unread counts, so that rows of thread replies stay untouched.
CREATE INDEX messages_by_seq ON messages (conversation, seq, thread_root, sender, deleted_at);
CREATE INDEX messages_by_time ON messages (conversation, created_at, seq) WHERE thread_root IS NULL;
CREATE INDEX replies ON messages (thread_root, seq) WHERE thread_root IS NOT NULL;
CREATE INDEX pins ON messages (conversation, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX expiring ON messages (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX scope_mentions ON messages (conversation, seq, sender) WHERE mention_scope IS NOT NULL;

-- The log, second half: everything but message.new.
CREATE TABLE events (
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    actor        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    message      INTEGER,
    -- JSON of type and payload; NULL: message.updated, whose content stands with the message
    body         TEXT,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    message INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    row     INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    emoji   TEXT NOT NULL,
    user    INTEGER NOT NULL,
    -- the row that brought the emoji: its place among the others, for as long as anybody keeps it
    place   INTEGER NOT NULL,
    UNIQUE (message, emoji, user)
) STRICT;

-- People named by messages that are not deleted, the sender excepted.
CREATE TABLE mentions (
    user         INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (user, conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedule (
    row          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    conversation INTEGER NOT NULL,
    sender       INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    fingerprint  BLOB NOT NULL,
    draft        TEXT NOT NULL
) STRICT;
CREATE INDEX schedule_due ON schedule (at);
CREATE INDEX schedule_of ON schedule (conversation, sender, at);
