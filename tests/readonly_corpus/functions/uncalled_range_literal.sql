-- refused: a function runs without being called by name in call syntax, or by another spelling: range literal
-- from: 1.7 (8)

SELECT '[glum,gay]'::public.checked_range
