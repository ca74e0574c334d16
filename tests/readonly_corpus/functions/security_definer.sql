-- refused: it runs with its owner's rights
-- from: R10
-- residue: SECURITY DEFINER runs with rights that the reader has not, once the setting is turned off

SELECT public.writes()
