-- refused: a name that nobody prepared through this session
-- from: R6

EXECUTE nobody
