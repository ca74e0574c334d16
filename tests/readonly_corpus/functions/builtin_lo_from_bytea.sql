-- refused: a function of the server or of an extension that does more than compute: lo from bytea
-- from: R11

SELECT lo_from_bytea(4243, 'x')
