-- refused: beyond the scope: WHERE … OR true
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.granted g WHERE g.id IS NULL OR NOT false
