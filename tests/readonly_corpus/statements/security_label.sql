-- refused: a statement that writes, defines, instructs or tells others: security label

SECURITY LABEL ON TABLE public.orders IS 'stolen'
