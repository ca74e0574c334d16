-- refused: the call stands at a place of its own: aggregate argument
-- from: R8

SELECT sum(public.writes_one(id)) FROM public.accounts
