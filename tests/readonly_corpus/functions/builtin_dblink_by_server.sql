-- refused: a function of the server or of an extension that does more than compute: dblink by server
-- from: R11

SELECT dblink_exec('back', 'INSERT INTO public.victim VALUES (1)')
