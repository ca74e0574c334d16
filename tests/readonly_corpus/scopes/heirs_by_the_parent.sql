-- refused: UPDATE of the parent reaches its heirs
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'heir' WHERE id = 101
