-- passes: a setting: no timeout at all
-- from: R3

SET statement_timeout = 0
