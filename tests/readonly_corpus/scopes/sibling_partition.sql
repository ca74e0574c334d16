-- refused: beyond the scope: another partition
-- scopes: update:public.granted_part
-- from: R15

UPDATE public.part_two SET note = 'x'
