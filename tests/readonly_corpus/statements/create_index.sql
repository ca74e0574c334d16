-- refused: a statement that writes, defines, instructs or tells others: create index

CREATE INDEX CONCURRENTLY stolen ON public.orders (note)
