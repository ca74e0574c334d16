-- refused: a function of the server or of an extension that does more than compute: lo creat
-- from: R11

SELECT lo_creat(-1)
