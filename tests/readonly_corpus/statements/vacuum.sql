-- refused: a statement that writes, defines, instructs or tells others: vacuum
-- from: 1.3

VACUUM public.orders
