-- passes: RESET of a role that nobody could change
-- from: R3

RESET ROLE
