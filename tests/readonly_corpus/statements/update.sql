-- refused: a statement that writes, defines, instructs or tells others: update

UPDATE public.orders SET note = 'stolen'
