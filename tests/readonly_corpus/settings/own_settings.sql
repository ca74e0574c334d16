-- refused: what the grant says of itself

SET pgward.scopes = 'all'
-- next message
SET pgward.grant_id = 'g_other'
-- next message
RESET pgward.reason
