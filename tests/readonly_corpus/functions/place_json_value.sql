-- refused: the default of JSON_VALUE
-- since: 17
-- from: R8, R14

SELECT JSON_VALUE('{}', '$.a' RETURNING int DEFAULT public.writes() ON EMPTY)
