-- refused: ON CONFLICT DO UPDATE updates
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.granted VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = 'y'
