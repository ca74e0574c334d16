-- refused: a function of the server or of an extension that does more than compute: nextval by attribute
-- from: R11

SELECT ('public.tickets'::regclass).nextval
