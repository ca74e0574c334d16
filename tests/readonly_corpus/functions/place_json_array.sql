-- refused: a call: an element of JSON_ARRAY
-- since: 16
-- from: R8

SELECT JSON_ARRAY(1, public.writes())
