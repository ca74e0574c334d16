-- refused: the target of MERGE is the other table
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

MERGE INTO public.other o USING public.granted g ON o.id = g.id WHEN MATCHED THEN UPDATE SET note = 'x'
