-- refused: a function of the server or of an extension that does more than compute: event trigger functions
-- from: R11

SELECT pg_event_trigger_dropped_objects()
