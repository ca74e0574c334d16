-- passes: EXPLAIN of reads: verbose

EXPLAIN (VERBOSE, COSTS off, SETTINGS) SELECT * FROM orders o JOIN accounts a ON a.id = o.account_id
