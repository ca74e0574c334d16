-- refused: an equality of composites that writes, found by case by operator
-- from: 1.7 (8)

SELECT CASE home WHEN home THEN 1 END FROM public.accounts
