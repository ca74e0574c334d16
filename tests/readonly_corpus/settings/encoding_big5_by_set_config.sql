-- refused: a setting: and so is set_config
-- from: R13

SELECT set_config('client_encoding', 'BIG5', false)
