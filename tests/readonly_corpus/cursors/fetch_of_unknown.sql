-- passes: a cursor that nobody declared

FETCH ALL FROM nobody
