-- refused: event triggers are a guard of the owner's
-- since: 17

SET event_triggers = off
