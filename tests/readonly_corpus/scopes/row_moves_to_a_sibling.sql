-- refused: an UPDATE through the parent moves rows
-- scopes: update:public.granted_part
-- from: R15

UPDATE public.whole SET id = 2 WHERE id = 1
