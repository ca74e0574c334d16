-- refused: the setting is off, and the function has the rights
-- from: R2, R10
-- residue: the setting can be turned off, and SECURITY DEFINER writes with its owner's rights

SET default_transaction_read_only = off; SELECT public.writes()
