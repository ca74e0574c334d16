-- refused: a statement that writes, defines, instructs or tells others: alter sequence

ALTER SEQUENCE public.tickets RESTART WITH 50
