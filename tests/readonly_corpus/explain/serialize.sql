-- refused: SERIALIZE of 17 runs what ANALYZE runs
-- since: 17

EXPLAIN (ANALYZE, SERIALIZE TEXT) SELECT public.writes()
