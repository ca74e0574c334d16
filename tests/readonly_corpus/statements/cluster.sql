-- refused: a statement that writes, defines, instructs or tells others: cluster
-- from: 1.3

CLUSTER public.orders USING orders_pkey
