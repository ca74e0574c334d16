-- refused: a statement that writes, defines, instructs or tells others: create temp view

CREATE TEMP VIEW orders AS SELECT public.writes()
