-- refused: FOR SHARE locks rows, and marks them on disk
-- from: R16 [thomwright.co.uk]

SELECT * FROM public.orders FOR SHARE
