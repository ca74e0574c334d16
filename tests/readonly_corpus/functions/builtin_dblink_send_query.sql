-- refused: a function of the server or of an extension that does more than compute: dblink send query
-- from: R11

SELECT dblink_connect('back'), dblink_send_query('INSERT INTO public.victim VALUES (1)')
