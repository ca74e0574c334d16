-- refused: beyond the scope: a rule, too
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

CREATE RULE stolen AS ON INSERT TO public.granted DO ALSO INSERT INTO public.victim VALUES (1)
