-- refused: FOR KEY SHARE locks rows, and marks them on disk
-- from: R16

SELECT * FROM public.orders FOR KEY SHARE
