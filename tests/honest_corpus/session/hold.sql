-- passes: settings and blocks of drivers, poolers and people: hold

DECLARE h CURSOR WITH HOLD FOR SELECT id FROM accounts ORDER BY id
-- next message
FETCH 2 FROM h
-- next message
CLOSE h
