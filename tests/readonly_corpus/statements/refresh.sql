-- refused: a statement that writes, defines, instructs or tells others: refresh
-- from: R7

REFRESH MATERIALIZED VIEW public.totals
