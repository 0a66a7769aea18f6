-- Where connections were when the process that held them stopped, for ten minutes.
CREATE TABLE resumes (
    id         BLOB PRIMARY KEY,
    state      BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
