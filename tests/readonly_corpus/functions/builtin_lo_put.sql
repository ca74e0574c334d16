-- refused: a function of the server or of an extension that does more than compute: lo put
-- from: R11

SELECT lo_put(4242, 0, 'x')
