-- refused: a statement that writes, defines, instructs or tells others: insert
-- from: R14

INSERT INTO public.victim VALUES (1)
