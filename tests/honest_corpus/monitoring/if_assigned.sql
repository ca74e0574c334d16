-- passes: what dashboards and people on call ask: if assigned

SELECT pg_current_xact_id_if_assigned()
