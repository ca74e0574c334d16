-- refused: a statement that writes, defines, instructs or tells others: truncate

TRUNCATE public.measurements
