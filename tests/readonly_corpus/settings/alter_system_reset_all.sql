-- refused: a setting: and emptied
-- from: R6

ALTER SYSTEM RESET ALL
