-- refused: MERGE needs the rights of each action
-- scopes: insert:public.granted
-- from: R15

MERGE INTO public.granted g USING public.other o ON o.id = g.id WHEN MATCHED THEN UPDATE SET note = 'x' WHEN NOT MATCHED THEN INSERT VALUES (600, 'x')
