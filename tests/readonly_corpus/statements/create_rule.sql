-- refused: a statement that writes, defines, instructs or tells others: create rule
-- from: R6

CREATE RULE stolen AS ON SELECT TO public.victim DO INSTEAD SELECT 1 AS id
