-- refused: beyond the scope: MERGE that deletes
-- scopes: update:public.granted
-- from: R15

MERGE INTO public.granted g USING public.other o ON o.id = g.id WHEN MATCHED THEN DELETE
