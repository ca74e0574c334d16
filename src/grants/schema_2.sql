ALTER TABLE grants ADD COLUMN max_rows_written INTEGER CHECK (max_rows_written >= 0);

DROP TRIGGER grants_only_end;
CREATE TRIGGER grants_only_end BEFORE UPDATE OF id, user, database, scopes, reason, ticket, created_at, created_by, expires_at,
    max_sessions, max_rows_written, user_stored, user_server, grant_stored, grant_server, token_sha256 ON grants
BEGIN SELECT raise(ABORT, 'a grant changes only by ending'); END;
