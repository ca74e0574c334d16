-- refused: the rows of the tables under a view are locked
-- from: R16

SELECT * FROM public.open_orders FOR UPDATE
