-- refused: a function of the server or of an extension that does more than compute: ts rewrite
-- from: R11

SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, (public.writes()::text)::tsquery')
