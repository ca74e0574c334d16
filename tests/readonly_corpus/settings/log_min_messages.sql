-- refused: what the server logs, by level
-- from: A7

SET log_min_messages = 'panic'
