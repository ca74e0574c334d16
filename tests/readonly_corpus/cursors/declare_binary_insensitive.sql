-- refused: more words before the query

BEGIN
-- next message
DECLARE "C" BINARY INSENSITIVE NO SCROLL CURSOR WITHOUT HOLD FOR SELECT public.writes()
-- next message
MOVE FORWARD ALL IN "C"
-- next message
COMMIT
