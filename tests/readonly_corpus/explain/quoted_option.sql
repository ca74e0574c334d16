-- refused: EXPLAIN: quoted
-- from: R7

EXPLAIN ("analyze" 'on') DELETE FROM sales.leads
