-- refused: a function of the server or of an extension that does more than compute: lowrite
-- from: R11

SELECT lowrite(0, 'x')
