-- passes: what dashboards and people on call ask: checkpointer
-- since: 17

SELECT num_timed >= 0 FROM pg_stat_checkpointer
