-- refused: a function of the server or of an extension that does more than compute: setval not called
-- from: R11

SELECT setval('public.tickets', 9, false)
