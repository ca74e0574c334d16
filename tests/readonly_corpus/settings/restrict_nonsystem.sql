-- passes: a guard of pg_dump's own for itself
-- since: 17

SET restrict_nonsystem_relation_kind = ''
