-- refused: the same in two messages, by the function
-- from: R2, R10
-- residue: the setting can be turned off, and SECURITY DEFINER writes with its owner's rights

SELECT set_config('default_transaction_read_only', 'off', false)
-- next message
SELECT writes()
