-- refused: a statement that writes, defines, instructs or tells others: insert select

INSERT INTO public.victim SELECT id FROM public.orders
