-- refused: beyond the scope: execute is no write
-- scopes: execute:public.count_orders
-- from: R15

INSERT INTO public.victim VALUES (1)
