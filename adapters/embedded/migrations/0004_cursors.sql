-- How far what follows the logs has come.
CREATE TABLE cursors (
    follower     TEXT NOT NULL,
    conversation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (follower, conversation)
) STRICT, WITHOUT ROWID;
