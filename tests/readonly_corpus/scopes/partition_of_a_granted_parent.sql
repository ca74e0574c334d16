-- refused: a partition is granted, its parent is not
-- scopes: insert:public.granted_part
-- from: R15

INSERT INTO public.whole VALUES (2, 'x')
