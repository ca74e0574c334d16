-- refused: the default of a column of JSON_TABLE
-- since: 17
-- from: R8

SELECT * FROM JSON_TABLE('[{}]', '$[*]' COLUMNS (a int PATH '$.a' DEFAULT public.writes() ON EMPTY)) t
