-- refused: a statement that writes, defines, instructs or tells others: rename

ALTER TABLE public.victim RENAME TO stolen
