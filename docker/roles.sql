-- Roles for pgward on database app. Run it connected to that database, as an
-- administrator; it can be run again. PostgreSQL 14 and newer.

-- The reader: sessions on read grants.
DO $pgward$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgward_reader') THEN
        CREATE ROLE pgward_reader;
    END IF;
END $pgward$;
ALTER ROLE pgward_reader LOGIN NOCREATEDB NOCREATEROLE;
GRANT pg_read_all_data, pg_monitor TO pgward_reader;
ALTER ROLE pgward_reader SET default_transaction_read_only = on;

-- The writer: sessions on grants with write scopes.
DO $pgward$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgward_writer') THEN
        CREATE ROLE pgward_writer;
    END IF;
END $pgward$;
ALTER ROLE pgward_writer LOGIN NOCREATEDB NOCREATEROLE;
-- It may insert, update and delete everywhere, and pgward allows what a grant's scopes
-- name. Grant it single tables instead to have PostgreSQL hold it to these.
-- TRUNCATE is in no predefined role: GRANT TRUNCATE ON TABLE ... where scopes need it.
GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO pgward_writer;

-- The control connection: ends backends of the other two, reads the catalogue.
DO $pgward$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgward_control') THEN
        CREATE ROLE pgward_control;
    END IF;
END $pgward$;
ALTER ROLE pgward_control LOGIN NOCREATEDB NOCREATEROLE;
GRANT pg_signal_backend, pg_monitor TO pgward_control;

GRANT CONNECT ON DATABASE "app" TO pgward_reader, pgward_writer, pgward_control;

-- Passwords, in psql; the server gets only a SCRAM verifier:
--
--   \password pgward_reader
--   \password pgward_writer
--   \password pgward_control
--
-- or without questions, from a file (psql -f), with
--   -v reader_password=... -v writer_password=... -v control_password=...
--
--   SET password_encryption = 'scram-sha-256';
--   ALTER ROLE pgward_reader PASSWORD :'reader_password';
--   ALTER ROLE pgward_writer PASSWORD :'writer_password';
--   ALTER ROLE pgward_control PASSWORD :'control_password';

-- Into pg_hba.conf, above every other line (the first match decides), then
-- SELECT pg_reload_conf(): the roles come in from pgward's address only.
--
--   hostssl  app pgward_reader,pgward_writer,pgward_control samenet scram-sha-256
--   host     all pgward_reader,pgward_writer,pgward_control all reject
--   local    all pgward_reader,pgward_writer,pgward_control reject
