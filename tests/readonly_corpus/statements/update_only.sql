-- refused: a statement that writes, defines, instructs or tells others: update only

UPDATE ONLY public.orders AS o SET (note, tags) = ('stolen', '{}') WHERE o.id = 1
