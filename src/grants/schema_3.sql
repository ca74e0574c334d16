-- A table's CHECKs can only be changed by making it anew. Dropping it fires no triggers.
CREATE TABLE grants_3 (
    id               TEXT PRIMARY KEY,
    user             TEXT NOT NULL,
    database         TEXT NOT NULL,
    scopes           TEXT NOT NULL CHECK (json_valid(scopes)),
    reason           TEXT NOT NULL,
    ticket           TEXT,
    created_at       INTEGER NOT NULL,
    created_by       TEXT NOT NULL,
    expires_at       INTEGER NOT NULL,
    max_sessions     INTEGER NOT NULL,
    user_stored      BLOB NOT NULL CHECK (length(user_stored) = 32),
    user_server      BLOB NOT NULL CHECK (length(user_server) = 32),
    grant_stored     BLOB NOT NULL CHECK (length(grant_stored) = 32),
    grant_server     BLOB NOT NULL CHECK (length(grant_server) = 32),
    token_sha256     BLOB NOT NULL CHECK (length(token_sha256) = 32),
    ended_state      TEXT CHECK (ended_state IN
                         ('expired', 'revoked', 'released', 'exhausted', 'denied', 'cancelled')),
    ended_at         INTEGER,
    ended_because    TEXT,
    max_rows_written INTEGER CHECK (max_rows_written >= 0),
    conditions       TEXT NOT NULL CHECK (json_valid(conditions)),
    life             TEXT NOT NULL CHECK (json_valid(life)),
    revision         INTEGER NOT NULL,
    CHECK (expires_at > created_at),
    CHECK ((ended_state IS NULL) = (ended_at IS NULL)),
    CHECK ((ended_state IS NULL) = (ended_because IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO grants_3
SELECT id, user, database, scopes, reason, ticket, created_at, created_by, expires_at,
       max_sessions, user_stored, user_server, grant_stored, grant_server, token_sha256,
       ended_state, ended_at, ended_because, max_rows_written,
       json_object('role', NULL, 'clients', json_array(), 'not_before', NULL, 'uses', NULL,
                   'end_when_idle', NULL),
       json_object('stage', 'issued', 'ttl', expires_at - created_at, 'requested', json('false'),
                   'needed', 0, 'approvals', json_array(), 'uses_left', NULL, 'extension', NULL,
                   'break_glass', json('false'), 'reviewed', NULL),
       0
FROM grants;

DROP TABLE grants;
ALTER TABLE grants_3 RENAME TO grants;

CREATE TRIGGER grants_are_not_deleted BEFORE DELETE ON grants
BEGIN SELECT raise(ABORT, 'grants are kept'); END;
CREATE TRIGGER ended_grants_stay_ended
    BEFORE UPDATE OF scopes, expires_at, user_stored, user_server, grant_stored, grant_server,
        token_sha256, ended_state, ended_at, ended_because ON grants
    WHEN old.ended_state IS NOT NULL
BEGIN SELECT raise(ABORT, 'an ended grant stays as it ended'); END;
CREATE TRIGGER grants_stay_whose_they_are
    BEFORE UPDATE OF id, user, database, reason, ticket, created_at, created_by, max_sessions,
        max_rows_written, conditions ON grants
BEGIN SELECT raise(ABORT, 'who, where and why never changes'); END;
CREATE TRIGGER grants_change_by_steps BEFORE UPDATE ON grants
    WHEN new.revision <> old.revision + 1
BEGIN SELECT raise(ABORT, 'a change is made on top of what it was made from'); END;

CREATE TABLE usage (
    grant_id TEXT PRIMARY KEY,
    sessions INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operators (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    may          TEXT NOT NULL CHECK (json_valid(may)),
    token_sha256 BLOB NOT NULL CHECK (length(token_sha256) = 32),
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    removed_at   INTEGER,
    removed_by   TEXT,
    CHECK ((removed_at IS NULL) = (removed_by IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX operators_by_name ON operators (name) WHERE removed_at IS NULL;
CREATE TRIGGER operators_are_not_deleted BEFORE DELETE ON operators
BEGIN SELECT raise(ABORT, 'operators are kept'); END;
CREATE TRIGGER operators_are_only_removed BEFORE UPDATE ON operators
    WHEN old.removed_at IS NOT NULL OR new.removed_at IS NULL OR new.id <> old.id
        OR new.name <> old.name OR new.may <> old.may OR new.token_sha256 <> old.token_sha256
BEGIN SELECT raise(ABORT, 'an operator changes only by being removed'); END;
