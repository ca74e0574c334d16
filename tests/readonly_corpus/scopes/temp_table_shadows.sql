-- refused: a temporary table would be found first
-- scopes: insert:public.granted
-- from: R15

CREATE TEMP TABLE granted (id int)
-- next message
INSERT INTO granted VALUES (1)
