-- Ids are UUIDs. Inside a conversation a message is named by its seq. Times are milliseconds since 1970. Enumerations are the
-- numbers in src/codes.rs. Texts are compared byte by byte, whatever the database's language.

CREATE TABLE secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    username      text COLLATE "C" NOT NULL UNIQUE,
    display_name  text NOT NULL,
    -- display_name in lower case, as this program folds it
    name_key      text COLLATE "C" NOT NULL,
    avatar_url    text,
    email         text,
    -- NULL: cannot sign in
    password_hash text,
    disabled      boolean NOT NULL DEFAULT false,
    created_at    bigint NOT NULL
);
CREATE INDEX users_signing_in ON users (id) WHERE password_hash IS NOT NULL;

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    -- the order of making
    number       bigint GENERATED ALWAYS AS IDENTITY,
    user_id      uuid NOT NULL,
    device_name  text,
    revoked      boolean NOT NULL DEFAULT false,
    created_at   bigint NOT NULL,
    last_used_at bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX sessions_of ON sessions (user_id);

-- Refresh tokens, by their hash. One that was used stays until it expires, so that a second use shows.
CREATE TABLE tokens (
    hash       bytea PRIMARY KEY,
    session    uuid NOT NULL,
    used_at    bigint,
    expires_at bigint NOT NULL
);
CREATE INDEX tokens_of ON tokens (session, expires_at);

CREATE TABLE workspaces (
    id         uuid PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    slug       text COLLATE "C" NOT NULL UNIQUE,
    created_at bigint NOT NULL
);

CREATE TABLE workspace_members (
    workspace uuid NOT NULL,
    user_id   uuid NOT NULL,
    role      smallint NOT NULL,
    joined_at bigint NOT NULL,
    PRIMARY KEY (workspace, user_id)
);
CREATE INDEX workspaces_of ON workspace_members (user_id, workspace);

CREATE TABLE invites (
    id         uuid PRIMARY KEY,
    number     bigint GENERATED ALWAYS AS IDENTITY,
    workspace  uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    role       smallint NOT NULL,
    created_by uuid NOT NULL,
    max_uses   bigint,
    uses       bigint NOT NULL DEFAULT 0,
    revoked    boolean NOT NULL DEFAULT false,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX invites_of ON invites (workspace);

-- Whoever changes a conversation locks its row first: the order of commits is the order of seq. Room is left in the pages, so that
-- a new head needs no new entry in any index.
CREATE TABLE conversations (
    id              uuid PRIMARY KEY,
    type            smallint NOT NULL,
    workspace       uuid,
    name            text,
    -- name in lower case, of channels that are not archived: unique in the workspace
    name_key        text COLLATE "C",
    topic           text,
    avatar_url      text,
    visibility      smallint NOT NULL,
    settings        text NOT NULL,
    is_default      boolean NOT NULL,
    -- both ids of a direct conversation, the smaller first
    pair            bytea UNIQUE,
    member_count    bigint NOT NULL DEFAULT 0,
    head            bigint NOT NULL DEFAULT 0,
    epoch           text NOT NULL,
    last_message_at bigint,
    archived_at     bigint,
    created_by      uuid NOT NULL,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX channel_names ON conversations (workspace, name_key) WHERE name_key IS NOT NULL;

CREATE TABLE members (
    conversation       uuid NOT NULL,
    user_id            uuid NOT NULL,
    role               smallint NOT NULL,
    joined_at          bigint NOT NULL,
    -- of the event that let them in: the order of joining
    joined_seq         bigint NOT NULL,
    read_seq           bigint NOT NULL,
    delivered_seq      bigint NOT NULL,
    read_at            bigint,
    delivered_at       bigint,
    notification_level smallint NOT NULL DEFAULT 0,
    muted_until        bigint,
    pinned             boolean NOT NULL DEFAULT false,
    PRIMARY KEY (conversation, user_id)
) WITH (fillfactor = 70);
CREATE INDEX conversations_of ON members (user_id, conversation);
CREATE INDEX members_by_joining ON members (conversation, joined_seq);

-- Who was in a conversation before: those in it may still read the profiles behind old messages.
CREATE TABLE former_members (
    conversation uuid NOT NULL,
    user_id      uuid NOT NULL,
    PRIMARY KEY (conversation, user_id)
);

-- Every messageId that was ever used, and where its message is: dedup for ever, and the way into the partitions.
CREATE TABLE message_ids (
    id           uuid PRIMARY KEY,
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    created_at   bigint NOT NULL
);
CREATE UNIQUE INDEX message_ids_by_seq ON message_ids (conversation, seq);

-- The log, first half: a row here is its message.new event. The only place where content stands. A partition for each calendar
-- month (UTC), made by src/db/months.rs.
CREATE TABLE messages (
    conversation  uuid NOT NULL,
    seq           bigint NOT NULL,
    created_at    bigint NOT NULL,
    id            uuid NOT NULL,
    sender        uuid NOT NULL,
    -- seq of the messages whose thread this is in, and that it answers
    thread_root   bigint,
    reply_to      bigint,
    -- JSON; NULL: deleted
    content       text,
    -- of what was first sent: tells a retry from a conflict after edits and deletion, too
    fingerprint   bytea NOT NULL,
    -- 16 bytes per person
    mentions      bytea,
    mention_scope smallint,
    priority      smallint NOT NULL,
    edited_at     bigint,
    deleted_at    bigint,
    expires_at    bigint,
    pinned_at     bigint,
    thread_count  bigint NOT NULL DEFAULT 0,
    last_reply_at bigint,
    -- Read alone for unread counts, so that the rows stay untouched.
    PRIMARY KEY (conversation, seq, created_at) INCLUDE (sender, thread_root, deleted_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX replies ON messages (conversation, thread_root, seq) WHERE thread_root IS NOT NULL;
CREATE INDEX pins ON messages (conversation, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX expiring ON messages (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX scope_mentions ON messages (conversation, seq, sender) WHERE mention_scope IS NOT NULL;

-- The log, second half: everything but message.new. In partitions as messages are.
CREATE TABLE events (
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    at           bigint NOT NULL,
    actor        uuid NOT NULL,
    -- seq of the message that it is about
    message      bigint,
    -- JSON of type and payload; NULL: message.updated, whose content stands with the message
    body         text,
    PRIMARY KEY (conversation, seq, at)
) PARTITION BY RANGE (at);

CREATE TABLE versions (
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    number       bigint NOT NULL,
    at           bigint NOT NULL,
    content      text NOT NULL,
    PRIMARY KEY (conversation, seq, number)
);

CREATE TABLE reactions (
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    emoji        text COLLATE "C" NOT NULL,
    user_id      uuid NOT NULL,
    -- seq of the event that put it on
    since        bigint NOT NULL,
    -- that of the event which brought the emoji: its place among the others, for as long as anybody keeps it
    place        bigint NOT NULL,
    PRIMARY KEY (conversation, seq, emoji, user_id)
);

-- People named by messages that are not deleted, the sender excepted.
CREATE TABLE mentions (
    user_id      uuid NOT NULL,
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    PRIMARY KEY (user_id, conversation, seq)
);

CREATE TABLE schedule (
    id           uuid PRIMARY KEY,
    number       bigint GENERATED ALWAYS AS IDENTITY,
    conversation uuid NOT NULL,
    sender       uuid NOT NULL,
    at           bigint NOT NULL,
    fingerprint  bytea NOT NULL,
    draft        text NOT NULL
);
CREATE INDEX schedule_due ON schedule (at, number);
CREATE INDEX schedule_of ON schedule (conversation, sender, at);

-- Where connections were when the process that held them stopped, for ten minutes.
CREATE TABLE handovers (
    id         uuid PRIMARY KEY,
    state      bytea NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX handovers_over ON handovers (expires_at);

-- How far what follows the logs has come.
CREATE TABLE cursors (
    follower     text NOT NULL,
    conversation uuid NOT NULL,
    seq          bigint NOT NULL,
    PRIMARY KEY (follower, conversation)
);

-- The server processes that work on this database, by the database's own clock.
CREATE TABLE nodes (
    id         uuid PRIMARY KEY,
    cluster    text NOT NULL,
    -- what carries events between them: those with different ones would not hear each other
    bus        text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);
