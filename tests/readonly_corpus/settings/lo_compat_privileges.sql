-- refused: the right to large objects of others

SET lo_compat_privileges = on
-- next message
SELECT lo_unlink(1)
