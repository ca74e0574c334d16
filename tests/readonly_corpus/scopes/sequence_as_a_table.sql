-- refused: a sequence looks like a table
-- scopes: insert:public.granted
-- from: R15

UPDATE public.granted_ids SET last_value = 5
