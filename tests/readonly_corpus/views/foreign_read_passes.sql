-- passes: a view that does more: reading a foreign table
-- from: R9

SELECT count(*) FROM public.far_victim
