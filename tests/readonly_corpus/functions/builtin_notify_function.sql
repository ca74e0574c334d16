-- refused: a function of the server or of an extension that does more than compute: notify function
-- from: R11

SELECT pg_notify('stolen', 'x')
