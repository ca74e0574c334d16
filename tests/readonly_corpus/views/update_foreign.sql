-- refused: a table that is elsewhere
-- from: R9

UPDATE public.far_victim SET id = 3
