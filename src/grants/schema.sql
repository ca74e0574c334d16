CREATE TABLE server (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    id            TEXT PRIMARY KEY,
    user          TEXT NOT NULL,
    database      TEXT NOT NULL,
    scopes        TEXT NOT NULL CHECK (json_valid(scopes)),
    reason        TEXT NOT NULL,
    ticket        TEXT,
    created_at    INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    expires_at    INTEGER NOT NULL,
    max_sessions  INTEGER NOT NULL,
    user_stored   BLOB NOT NULL CHECK (length(user_stored) = 32),
    user_server   BLOB NOT NULL CHECK (length(user_server) = 32),
    grant_stored  BLOB NOT NULL CHECK (length(grant_stored) = 32),
    grant_server  BLOB NOT NULL CHECK (length(grant_server) = 32),
    token_sha256  BLOB NOT NULL CHECK (length(token_sha256) = 32),
    ended_state   TEXT CHECK (ended_state IN ('expired', 'revoked')),
    ended_at      INTEGER,
    ended_because TEXT,
    CHECK (expires_at > created_at),
    CHECK ((ended_state IS NULL) = (ended_at IS NULL)),
    CHECK ((ended_state IS NULL) = (ended_because IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    grant_id TEXT NOT NULL,
    event    TEXT NOT NULL,
    actor    TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX history_of_grant ON history (grant_id, seq);

CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
BEGIN SELECT raise(ABORT, 'history is only added to'); END;
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
BEGIN SELECT raise(ABORT, 'history is only added to'); END;
CREATE TRIGGER grants_are_not_deleted BEFORE DELETE ON grants
BEGIN SELECT raise(ABORT, 'grants are kept'); END;
CREATE TRIGGER ended_grants_stay_ended BEFORE UPDATE ON grants WHEN old.ended_state IS NOT NULL
BEGIN SELECT raise(ABORT, 'an ended grant stays as it ended'); END;
CREATE TRIGGER grants_only_end BEFORE UPDATE OF id, user, database, scopes, reason, ticket, created_at, created_by, expires_at,
    max_sessions, user_stored, user_server, grant_stored, grant_server, token_sha256 ON grants
BEGIN SELECT raise(ABORT, 'a grant changes only by ending'); END;
