-- refused: a setting: and by the function
-- from: R14c

SELECT set_config('search_path', 'shadow', false)
-- next message
SELECT * FROM accounts
