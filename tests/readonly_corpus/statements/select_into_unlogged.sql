-- refused: a statement that writes, defines, instructs or tells others: select into unlogged
-- from: R7

SELECT * INTO UNLOGGED TABLE public.stolen FROM public.orders
