-- refused: a statement that writes, defines, instructs or tells others: comment

COMMENT ON TABLE public.orders IS 'stolen'
