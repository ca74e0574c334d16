-- refused: a statement that writes, defines, instructs or tells others: drop function

DROP FUNCTION IF EXISTS public.count_orders()
