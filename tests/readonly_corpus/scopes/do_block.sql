-- refused: beyond the scope: DO is refused
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

DO $$ BEGIN DELETE FROM public.other; END $$
