-- refused: a statement that writes, defines, instructs or tells others: create statistics

CREATE STATISTICS public.stolen ON id, note FROM public.orders
