-- refused: a statement that writes, defines, instructs or tells others: update through a view

UPDATE public.updatable SET note = 'stolen'
