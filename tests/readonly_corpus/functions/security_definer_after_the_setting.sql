-- refused: the default is off, but not for the transaction that it stands in; a function has the rights
-- from: R2, R10
-- residue: the setting can be turned off, and SECURITY DEFINER writes with its owner's rights

SET default_transaction_read_only = off; COMMIT; SELECT public.writes()
