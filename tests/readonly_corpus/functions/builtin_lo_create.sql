-- refused: a function of the server or of an extension that does more than compute: lo create
-- from: R11

SELECT lo_create(4242)
