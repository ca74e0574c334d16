-- refused: a function of the server or of an extension that does more than compute: ts stat weights
-- from: R11

SELECT * FROM ts_stat('SELECT to_tsvector(public.writes()::text)', 'a')
