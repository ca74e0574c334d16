-- refused: the call stands at a place of its own: xml table
-- from: R8

SELECT * FROM xmltable('/a' PASSING xmlparse(DOCUMENT '<a/>') COLUMNS b int PATH '@b' DEFAULT public.writes())
