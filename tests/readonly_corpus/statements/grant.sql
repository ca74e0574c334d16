-- refused: a statement that writes, defines, instructs or tells others: grant

GRANT ALL ON public.orders TO PUBLIC
