-- refused: a statement that writes, defines, instructs or tells others: update current of

UPDATE public.orders SET note = 'stolen' WHERE CURRENT OF c
