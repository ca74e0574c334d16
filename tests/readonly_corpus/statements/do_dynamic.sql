-- refused: a statement that writes, defines, instructs or tells others: do dynamic
-- from: R6

DO LANGUAGE plpgsql 'BEGIN EXECUTE ''INSERT INTO public.victim VALUES (1)''; END'
