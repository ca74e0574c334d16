-- refused: a statement that writes, defines, instructs or tells others: insert returning

INSERT INTO public.victim VALUES (1) RETURNING *
