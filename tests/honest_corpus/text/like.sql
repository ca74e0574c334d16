-- passes: strings and search: like

SELECT 'abc' LIKE 'a%', 'abc' ILIKE 'A_C', 'a%c' LIKE 'a\%c', 'abc' SIMILAR TO '(a|b)%'
