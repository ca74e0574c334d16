-- refused: beyond the scope: a sequence of its own
-- scopes: insert:public.granted
-- from: R15

SELECT nextval('public.tickets')
