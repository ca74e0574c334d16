-- refused: no timeout by the function
-- from: R3

SELECT set_config('statement_timeout', '0', false)
