-- refused: a function of the server or of an extension that does more than compute: lo truncate
-- from: R11

SELECT lo_truncate(0, 0)
