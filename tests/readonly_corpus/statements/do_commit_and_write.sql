-- refused: a statement that writes, defines, instructs or tells others: do commit and write
-- from: R1 (13)
-- sequence

DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO public.victim VALUES (1); END $$
