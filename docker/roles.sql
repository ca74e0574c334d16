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

-- The writer: sessions on grants with write scopes, where the functions for scope roles
-- below are not installed. Where they are, nothing uses it: leave it out.
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

-- Scope roles: for each set of write scopes a role of its own that has exactly these privileges,
-- so that PostgreSQL itself holds a session to its grant. pgward asks for them by the functions
-- below and can do nothing else: it has no CREATEROLE. Read them; they run with the rights of who
-- runs this script and owns them then. That is a superuser, or a role with CREATEROLE that has
-- the privileges of the tables' owners (and ADMIN OPTION on these owners for ddl: scopes).
-- Without this part, sessions on grants with write scopes share the writer.
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;

DO $pgward$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgward_scoped') THEN
        CREATE ROLE pgward_scoped NOLOGIN;
    END IF;
END $pgward$;
COMMENT ON ROLE pgward_scoped IS 'the group of all roles that pgward.open_scope_role made';
GRANT CONNECT ON DATABASE "app" TO pgward_scoped;

CREATE SCHEMA IF NOT EXISTS pgward;
DO $pgward$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
                   WHERE n.nspname = 'pgward' AND r.rolname = current_user) THEN
        RAISE 'schema pgward belongs to another role: run this as that role, or drop the schema';
    END IF;
END $pgward$;

-- Why a role is more than scopes may lead to; NULL for an ordinary one.
CREATE OR REPLACE FUNCTION pgward.beyond_ordinary(role_id oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $pgward$
    SELECT format('role %s %s', quote_ident(pg_get_userbyid(role_id)),
        CASE WHEN g.oid = role_id THEN '' ELSE format('is a member of %I, which ', g.rolname) END
        || CASE WHEN g.rolsuper THEN 'is a superuser'
                WHEN g.rolcreaterole THEN 'may create roles'
                WHEN g.rolcreatedb THEN 'may create databases'
                WHEN g.rolreplication THEN 'may replicate'
                WHEN g.rolbypassrls THEN 'bypasses row security'
                ELSE 'has rights of its own' END)
    FROM pg_roles g
    WHERE pg_has_role(role_id, g.oid, 'MEMBER')
      AND (g.rolsuper OR g.rolcreaterole OR g.rolcreatedb OR g.rolreplication OR g.rolbypassrls
           OR g.rolname IN ('pgward_scoped', 'pgward_control')
           OR g.oid < 16384 AND g.rolname NOT IN ('pg_database_owner', 'pg_read_all_data',
               'pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables'))
    ORDER BY g.oid <> role_id, g.oid
    LIMIT 1
$pgward$;

-- An object as GRANT names it.
CREATE OR REPLACE FUNCTION pgward.object_of(class_id oid, object_id oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $pgward$
    SELECT format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                  n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE class_id = 'pg_class'::regclass AND c.oid = object_id
    UNION ALL
    SELECT format('ROUTINE %s', object_id::regprocedure)
    WHERE class_id = 'pg_proc'::regclass
    UNION ALL
    SELECT format('SCHEMA %I', n.nspname) FROM pg_namespace n
    WHERE class_id = 'pg_namespace'::regclass AND n.oid = object_id
$pgward$;

-- What is granted to a role itself here: `class|object|privilege`. What is no right on a whole
-- table, sequence, routine or schema has no such privilege.
CREATE OR REPLACE FUNCTION pgward.rights_of(role_id oid) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $pgward$
    SELECT format('%s|%s|%s%s', d.classid, d.objid, a.privilege_type,
                  CASE WHEN a.is_grantable THEN '*' END)
    FROM pg_shdepend d
    LEFT JOIN LATERAL (
        SELECT c.relacl FROM pg_class c
        WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND d.objsubid = 0
        UNION ALL
        SELECT p.proacl FROM pg_proc p WHERE d.classid = 'pg_proc'::regclass AND p.oid = d.objid
        UNION ALL
        SELECT n.nspacl FROM pg_namespace n
        WHERE d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
    ) o(acl) ON true
    LEFT JOIN LATERAL aclexplode(o.acl) a ON a.grantee = role_id
    WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = role_id AND d.deptype = 'a'
      AND d.dbid IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
$pgward$;

-- The name of the role for a set of scopes, in any order, in this database.
CREATE OR REPLACE FUNCTION pgward.scope_role_name(scopes text[]) RETURNS name
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $pgward$
    SELECT format('pgward_%s_%s', d.oid, left(encode(sha256(convert_to(s.line, 'UTF8')), 'hex'), 40))
    FROM pg_database d,
         (SELECT string_agg(DISTINCT l.line, E'\n' ORDER BY l.line)
          FROM (SELECT json_build_array(scopes[i][1], scopes[i][2], scopes[i][3])::text COLLATE "C"
                FROM generate_series(1, array_length(scopes, 1)) i) l(line)) s(line)
    WHERE d.datname = current_database()
$pgward$;

-- The privileges that one scope stands for: `class|object|privilege`. `verb` is insert, update,
-- delete, truncate, maintain, select or execute; `object` is a name, or * for all in the schema.
-- `narrowed`: the role reads nothing but what its scopes name.
CREATE OR REPLACE FUNCTION pgward.rights_for(verb text, space text, object text, narrowed boolean)
RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $pgward$
DECLARE
    shown CONSTANT text := format('%s:%I.%s', verb, space,
        CASE object WHEN '*' THEN object ELSE quote_ident(object) END);
    system CONSTANT boolean := starts_with(space, 'pg_') OR space = 'information_schema';
    kinds CONSTANT "char"[] := CASE verb WHEN 'select' THEN '{r,p,v,m,f,S}'
        WHEN 'maintain' THEN '{r,p,m}' ELSE '{r,p}' END;
    schema_id CONSTANT oid := (SELECT n.oid FROM pg_namespace n WHERE n.nspname = space);
    found_one boolean := object = '*';
    rights text[] := '{}';
    one record;
BEGIN
    IF schema_id IS NULL OR space = 'pgward' OR system AND verb <> 'execute' THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('scope %s: there is no schema %I that scopes can be about', shown, space);
    END IF;
    IF verb = 'execute' THEN
        FOR one IN
            SELECT p.oid,
                   has_function_privilege('pgward_scoped', p.oid, 'EXECUTE') OR NOT narrowed
                       AND has_function_privilege('pgward_reader', p.oid, 'EXECUTE') AS granted,
                   NOT system AND l.lanpltrusted AND NOT (p.prosecdef
                       AND pgward.beyond_ordinary(p.proowner) IS NOT NULL) AS grantable
            FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
            WHERE p.pronamespace = schema_id AND (object = '*' OR p.proname = object)
        LOOP
            found_one := found_one OR one.granted OR one.grantable;
            IF one.grantable AND NOT one.granted THEN
                rights := rights || format('%s|%s|EXECUTE', 'pg_proc'::regclass::oid, one.oid);
            END IF;
        END LOOP;
    ELSE
        FOR one IN
            SELECT c.oid, has_table_privilege('pgward_reader', c.oid, 'SELECT') AS readable
            FROM pg_class c
            WHERE c.relnamespace = schema_id AND c.oid >= 16384 AND c.relkind = ANY (kinds)
              AND c.relpersistence <> 't' AND (object = '*' OR c.relname = object)
              AND (verb = 'select' OR NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
        LOOP
            CONTINUE WHEN verb = 'select' AND NOT one.readable;
            found_one := true;
            -- Before 17 only owners maintain: open_scope_role sees to these.
            rights := rights || format('%s|%s|%s', 'pg_class'::regclass::oid, one.oid, upper(verb));
            IF narrowed AND one.readable AND verb IN ('insert', 'update', 'delete') THEN
                rights := rights || format('%s|%s|SELECT', 'pg_class'::regclass::oid, one.oid);
            END IF;
            -- Defaults that take from a sequence, as those of serial columns do.
            IF verb IN ('insert', 'update') THEN
                rights := rights || ARRAY(
                    SELECT format('%s|%s|USAGE', 'pg_class'::regclass::oid, s.oid)
                    FROM pg_attrdef a
                    JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid
                        AND d.refclassid = 'pg_class'::regclass
                    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
                    WHERE a.adrelid = one.oid);
            END IF;
        END LOOP;
    END IF;
    IF NOT found_one THEN
        RAISE insufficient_privilege USING MESSAGE = format(CASE verb
            WHEN 'execute' THEN
                'scope %s: there is no such function, or a DBA must grant EXECUTE on it to pgward_scoped'
            WHEN 'select' THEN 'scope %s: there is no such table that the reader may read'
            ELSE 'scope %s: there is no such table outside of extensions' END, shown),
            HINT = coalesce(format('as a DBA, in database %I: %s', current_database(), CASE verb
                WHEN 'execute' THEN (
                    SELECT string_agg(format('GRANT EXECUTE ON ROUTINE %s TO pgward_scoped;',
                                             p.oid::regprocedure), ' ' ORDER BY p.oid)
                    FROM pg_proc p WHERE p.pronamespace = schema_id AND p.proname = object)
                WHEN 'select' THEN (
                    SELECT format('GRANT SELECT ON %s TO %I;',
                                  pgward.object_of('pg_class'::regclass, c.oid), 'pgward_reader'::text)
                    FROM pg_class c WHERE c.relnamespace = schema_id AND c.relname = object
                      AND c.relkind = ANY (kinds)) END), '');
    END IF;
    IF NOT (system OR has_schema_privilege('pgward_scoped', schema_id, 'USAGE')
            OR NOT narrowed AND has_schema_privilege('pgward_reader', schema_id, 'USAGE')) THEN
        rights := rights || format('%s|%s|USAGE', 'pg_namespace'::regclass::oid, schema_id);
    END IF;
    RETURN rights;
END $pgward$;

-- The role that ddl: scopes run as: the owner of their schemas. NULL without such scopes.
CREATE OR REPLACE FUNCTION pgward.owner_for(scopes text[]) RETURNS oid
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $pgward$
DECLARE
    schema_name text;
    owner oid;
    only_owner oid;
BEGIN
    FOR schema_name IN
        SELECT scopes[i][2] FROM generate_series(1, array_length(scopes, 1)) i
        WHERE scopes[i][1] = 'ddl'
    LOOP
        -- public belongs to whoever owns the database.
        SELECT CASE n.nspowner WHEN 'pg_database_owner'::regrole THEN d.datdba ELSE n.nspowner END
        INTO owner
        FROM pg_namespace n, pg_database d
        WHERE n.nspname = schema_name AND d.datname = current_database()
          AND NOT starts_with(n.nspname, 'pg_')
          AND n.nspname NOT IN ('information_schema', 'pgward');
        IF owner IS NULL THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'scope ddl:%I: there is no such schema that scopes can be about', schema_name);
        ELSIF pgward.beyond_ordinary(owner) IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'scope ddl:%I runs as the schema''s owner, but %s: let an ordinary role own the schema',
                schema_name, pgward.beyond_ordinary(owner)), HINT = format(
                'as a DBA, in database %I: ALTER SCHEMA %I OWNER TO the_ordinary_role;',
                current_database(), schema_name);
        ELSIF only_owner <> owner THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'scope ddl:%I runs as role %I, others as %I: make a grant for each', schema_name,
                pg_get_userbyid(owner), pg_get_userbyid(only_owner));
        END IF;
        only_owner := owner;
    END LOOP;
    RETURN only_owner;
END $pgward$;

-- Makes the role for a set of scopes, or gives the one that is there exactly these privileges.
-- A scope is {verb, schema, object}, names as they are in the catalogue; ddl has an empty object.
-- The role logs in by what `verifier` is made of, for `seconds` from now at least. A session with
-- ddl: scopes is to start with `role` set to `acts_as`.
CREATE OR REPLACE FUNCTION pgward.open_scope_role(
    scopes text[], verifier text, seconds integer, OUT scope_role name, OUT acts_as name)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
SET lock_timeout = '3s'
AS $pgward$
DECLARE
    has_maintain CONSTANT boolean := current_setting('server_version_num')::integer >= 170000;
    narrowed CONSTANT boolean := 'select' = ANY (scopes);
    wanted text[] := '{}';
    rights text[];
    shown text;
    members oid[];
    owner oid;
    role_id oid;
    until CONSTANT timestamptz := now() + make_interval(secs => greatest(1, least(seconds, 7776000)));
    part text[];
    one record;
BEGIN
    IF array_ndims(scopes) IS DISTINCT FROM 2 OR array_length(scopes, 2) <> 3
       OR array_length(scopes, 1) > 1000 OR seconds IS NULL
       OR EXISTS (SELECT FROM unnest(scopes) p(part) WHERE p.part IS NULL) THEN
        RAISE invalid_parameter_value USING MESSAGE = 'scopes are triples of verb, schema and object';
    END IF;
    IF verifier !~ '^SCRAM-SHA-256[$]4096:[A-Za-z0-9+/]{22}==[$][A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$'
       OR verifier IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = 'the verifier is none of SCRAM-SHA-256';
    END IF;
    owner := pgward.owner_for(scopes);
    acts_as := pg_get_userbyid(owner);
    FOREACH part SLICE 1 IN ARRAY scopes LOOP
        IF part[1] IN ('insert', 'update', 'delete', 'truncate', 'maintain', 'select', 'execute') THEN
            rights := pgward.rights_for(part[1], part[2], part[3], narrowed);
        ELSIF part[1] <> 'ddl' OR part[3] <> '' THEN
            RAISE invalid_parameter_value USING MESSAGE = format('there is no scope %L', part[1]);
        ELSE
            CONTINUE;
        END IF;
        wanted := wanted || rights;
        shown := format('%s:%I.%s', part[1], part[2],
            CASE part[3] WHEN '*' THEN part[3] ELSE quote_ident(part[3]) END);
        -- Before 17 only owners maintain.
        SELECT c.oid AS table_id INTO one FROM unnest(rights) u(line)
        JOIN pg_class c ON c.oid = split_part(u.line, '|', 2)::oid
        WHERE NOT has_maintain AND u.line LIKE '%|MAINTAIN'
          AND (owner IS NULL OR NOT pg_has_role(owner, c.relowner, 'USAGE')) LIMIT 1;
        IF FOUND THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'scope %s: before PostgreSQL 17 only its owner can maintain %s; a grant with ddl: on '
                'its schema as well runs as that owner', shown,
                pgward.object_of('pg_class'::regclass, one.table_id)), HINT = format(
                'ask for ddl:%I as well, where one ordinary role owns the schema and the table', part[2]);
        END IF;
        -- What the owner's role is set for must not lack what other scopes give.
        SELECT string_agg(format('%s on %s', l.privilege, l.object), ', ') AS lacked,
               string_agg(format('GRANT %s ON %s TO %I;', l.privilege, l.object, acts_as), ' ') AS remedy
        INTO one FROM (
            SELECT r.privilege, pgward.object_of(r.class_id, r.object_id) AS object
            FROM (SELECT split_part(u.line, '|', 1)::oid, split_part(u.line, '|', 2)::oid,
                         split_part(u.line, '|', 3) FROM unnest(rights) u(line))
                 r(class_id, object_id, privilege)
            WHERE owner IS NOT NULL AND NOT CASE
                WHEN r.privilege = 'MAINTAIN' AND NOT has_maintain THEN true
                WHEN r.class_id = 'pg_namespace'::regclass
                    THEN has_schema_privilege(owner, r.object_id, r.privilege)
                WHEN r.class_id = 'pg_proc'::regclass
                    THEN has_function_privilege(owner, r.object_id, r.privilege)
                WHEN r.privilege = 'USAGE'
                    THEN has_sequence_privilege(owner, r.object_id, r.privilege)
                ELSE has_table_privilege(owner, r.object_id, r.privilege) END
            LIMIT 20) l;
        IF one.lacked IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'scope %s: ddl: runs as role %I, which has no %s: make a grant for each', shown, acts_as,
                one.lacked), HINT = format('as a DBA, in database %I: %s', current_database(), one.remedy);
        END IF;
    END LOOP;
    wanted := ARRAY(SELECT DISTINCT u.line FROM unnest(wanted) u(line)
                    WHERE has_maintain OR u.line NOT LIKE '%|MAINTAIN');

    -- One at a time: two would change the same tables' privileges.
    PERFORM pg_advisory_xact_lock(1886873458, 1);
    scope_role := pgward.scope_role_name(scopes);
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = scope_role) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', scope_role);
        EXECUTE format('GRANT pgward_scoped TO %I', scope_role);
        EXECUTE format('COMMENT ON ROLE %I IS %L', scope_role, format('pgward, database %s, scopes %s',
            current_database(), scopes));
    ELSIF NOT EXISTS (
        SELECT FROM pgward.scope_roles() s JOIN pg_roles r ON r.rolname = s.scope_role
        WHERE r.rolname = open_scope_role.scope_role AND NOT (r.rolsuper OR r.rolcreaterole
            OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)) THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            'role %I is there and is no scope role: drop it', scope_role),
            HINT = format('as a DBA: DROP ROLE %I;', scope_role);
    END IF;
    SELECT r.oid INTO role_id FROM pg_roles r WHERE r.rolname = scope_role;
    EXECUTE format('ALTER ROLE %I LOGIN INHERIT CONNECTION LIMIT 100 VALID UNTIL %L PASSWORD %L', scope_role,
        greatest(until, (SELECT r.rolvaliduntil FROM pg_roles r WHERE r.oid = role_id)), verifier);
    IF EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setrole = role_id) THEN
        EXECUTE format('ALTER ROLE %I RESET ALL', scope_role);
        EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', scope_role, current_database());
    END IF;

    members := ARRAY(SELECT r.oid FROM pg_roles r WHERE r.rolname = 'pgward_scoped' OR r.oid = owner
                     OR r.rolname = 'pgward_reader' AND NOT narrowed);
    FOR one IN
        SELECT DISTINCT pg_get_userbyid(m.roleid) AS other FROM pg_auth_members m
        WHERE m.member = role_id AND m.roleid <> ALL (members)
    LOOP
        EXECUTE format('REVOKE %I FROM %I', one.other, scope_role);
    END LOOP;
    FOR one IN
        SELECT pg_get_userbyid(u.id) AS other FROM unnest(members) u(id) WHERE NOT EXISTS (
            SELECT FROM pg_auth_members m WHERE m.member = role_id AND m.roleid = u.id)
    LOOP
        EXECUTE format('GRANT %I TO %I', one.other, scope_role);
    END LOOP;

    FOR one IN
        SELECT DISTINCT pgward.object_of(split_part(r.line, '|', 1)::oid,
                                         split_part(r.line, '|', 2)::oid) AS object
        FROM pgward.rights_of(role_id) r(line) WHERE r.line <> ALL (wanted)
    LOOP
        IF one.object IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON %s FROM %I', one.object, scope_role);
        END IF;
    END LOOP;
    FOR one IN
        SELECT split_part(u.line, '|', 3) AS privilege,
               pgward.object_of(split_part(u.line, '|', 1)::oid, split_part(u.line, '|', 2)::oid) AS object
        FROM unnest(wanted) u(line) WHERE u.line NOT IN (SELECT pgward.rights_of(role_id))
    LOOP
        EXECUTE format('GRANT %s ON %s TO %I', one.privilege, one.object, scope_role);
    END LOOP;
    -- Also where a name came to mean another object in between, or somebody else granted more.
    IF EXISTS ((SELECT pgward.rights_of(role_id) EXCEPT SELECT unnest(wanted))
               UNION ALL (SELECT unnest(wanted) EXCEPT SELECT pgward.rights_of(role_id)))
       OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = role_id AND m.roleid <> ALL (members))
    THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            'role %I has rights that its scopes do not say: somebody else granted them', scope_role);
    END IF;
END $pgward$;

-- Every scope role of this database, and those of databases that are gone.
CREATE OR REPLACE FUNCTION pgward.scope_roles()
RETURNS TABLE (scope_role name, sessions bigint, valid_until timestamptz, scopes text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $pgward$
    SELECT r.rolname, (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid),
           r.rolvaliduntil, shobj_description(r.oid, 'pg_authid')
    FROM pg_roles r
    WHERE r.rolname ~ '^pgward_[0-9]{1,10}_[0-9a-f]{40}$'
      AND EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid AND g.rolname = 'pgward_scoped')
      AND NOT EXISTS (SELECT FROM pg_database d
                      WHERE d.oid = split_part(r.rolname, '_', 2)::oid AND d.datname <> current_database())
    ORDER BY r.rolname
$pgward$;

-- Removes a scope role with all its privileges; false while it has sessions.
CREATE OR REPLACE FUNCTION pgward.close_scope_role(scope_role name) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
AS $pgward$
DECLARE
    count_of_sessions bigint;
    heir name;
BEGIN
    PERFORM pg_advisory_xact_lock(1886873458, 1);
    SELECT s.sessions INTO count_of_sessions FROM pgward.scope_roles() s
    WHERE s.scope_role = close_scope_role.scope_role;
    IF count_of_sessions IS NULL THEN
        RETURN true;
    ELSIF count_of_sessions > 0 THEN
        RETURN false;
    END IF;
    IF NOT pg_has_role(current_user, scope_role, 'USAGE') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', scope_role);
    END IF;
    -- Nothing that was made is lost: it goes to the schema owner that ddl: scopes ran as.
    SELECT pg_get_userbyid(m.roleid) INTO heir
    FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
    WHERE r.rolname = scope_role
      AND pg_get_userbyid(m.roleid) NOT IN ('pgward_scoped', 'pgward_reader');
    EXECUTE format('REASSIGN OWNED BY %I TO %I', scope_role, coalesce(heir, current_user));
    EXECUTE format('DROP OWNED BY %I', scope_role);
    EXECUTE format('DROP ROLE %I', scope_role);
    RETURN true;
END $pgward$;

REVOKE ALL ON SCHEMA pgward FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgward FROM PUBLIC;
GRANT USAGE ON SCHEMA pgward TO pgward_control;
GRANT EXECUTE ON FUNCTION pgward.scope_role_name(text[]),
    pgward.open_scope_role(text[], text, integer), pgward.scope_roles(),
    pgward.close_scope_role(name) TO pgward_control;
COMMIT;

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
-- SELECT pg_reload_conf(): the roles come in from pgward's address only. With more databases
-- on the server, put the lines that name one above all that reject.
--
--   hostssl  app pgward_reader,pgward_writer,pgward_control,+pgward_scoped samenet scram-sha-256
--   host     all pgward_reader,pgward_writer,pgward_control,+pgward_scoped all reject
--   local    all pgward_reader,pgward_writer,pgward_control,+pgward_scoped reject
