-- refused: cut to 63 bytes it is another name, and unknown
-- from: R13

SELECT public.wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwx()
