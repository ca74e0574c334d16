-- passes: EXPLAIN of reads: of execute

PREPARE q AS SELECT 1
-- next message
EXPLAIN (COSTS off) EXECUTE q
-- next message
DEALLOCATE q
