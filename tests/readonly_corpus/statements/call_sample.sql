-- refused: a statement that writes, defines, instructs or tells others: call sample
-- from: R1 (14)

CALL public.sneak()
