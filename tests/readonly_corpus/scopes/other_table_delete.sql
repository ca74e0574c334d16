-- refused: the verb on another table
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.other WHERE id = 1
