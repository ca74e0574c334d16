-- refused: a statement that writes, defines, instructs or tells others: reindex
-- from: 1.3

REINDEX TABLE CONCURRENTLY public.orders
