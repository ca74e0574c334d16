-- refused: a function runs without being called by name in call syntax, or by another spelling: cast of an enum
-- from: 1.7 (8)

SELECT 'gay'::public.mood + 1
