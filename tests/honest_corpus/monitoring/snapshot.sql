-- passes: what dashboards and people on call ask: snapshot

SELECT pg_current_snapshot() IS NOT NULL, txid_current_snapshot() IS NOT NULL, pg_snapshot_xmin(pg_current_snapshot()) IS NOT NULL
