-- refused: a simple Query before the Sync of what was parsed
-- protocol: messages

parse s - SELECT 1
query INSERT INTO public.victim VALUES (1)
sync
