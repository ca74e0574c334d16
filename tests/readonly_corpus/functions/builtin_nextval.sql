-- refused: a function of the server or of an extension that does more than compute: nextval
-- from: R11

SELECT nextval('public.tickets')
