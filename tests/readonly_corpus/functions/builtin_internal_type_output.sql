-- refused: a function of the server or of an extension that does more than compute: internal type output
-- from: R11

SELECT domain_recv(NULL, 'public.checked'::regtype, -1)
