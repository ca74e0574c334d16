-- refused: a statement that writes, defines, instructs or tells others: delete using

DELETE FROM public.orders USING public.accounts
