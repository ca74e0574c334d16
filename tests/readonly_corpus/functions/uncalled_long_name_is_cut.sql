-- refused: a function runs without being called by name in call syntax, or by another spelling: long name is cut
-- from: 1.7 (8)

SELECT public.writes()  /* xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx */
