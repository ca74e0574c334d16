-- refused: a statement that writes, defines, instructs or tells others: create cast

CREATE CAST (public.mood AS text) WITH INOUT AS IMPLICIT
