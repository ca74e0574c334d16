-- refused: a function runs without being called by name in call syntax, or by another spelling: domain by xmltable
-- from: 1.7 (8)

SELECT * FROM xmltable('/a' PASSING xmlparse(DOCUMENT '<a>x</a>') COLUMNS d public.checked PATH '.')
