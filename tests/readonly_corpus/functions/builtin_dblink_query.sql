-- refused: a function of the server or of an extension that does more than compute: dblink query
-- from: R11
-- residue: dblink with a password leaves the session, and its settings, behind

SELECT * FROM dblink('host=127.0.0.1 port=@PORT@ dbname=@DATABASE@ user=boss password=upstream-secret', 'INSERT INTO public.victim VALUES (1) RETURNING id') AS t (a int)
