-- refused: a statement that writes, defines, instructs or tells others: select into
-- from: R7

SELECT 1 AS a INTO public.stolen
