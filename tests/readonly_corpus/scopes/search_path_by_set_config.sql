-- refused: beyond the scope: and set_config sets it
-- scopes: update:public.granted
-- from: R15

SELECT set_config('search_path', 'sales', false)
-- next message
UPDATE orders SET note = 'x'
