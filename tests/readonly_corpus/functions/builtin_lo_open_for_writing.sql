-- refused: a function of the server or of an extension that does more than compute: lo open for writing
-- from: R11

SELECT lo_open(4242, 131072)
