-- refused: a table of another schema that once had the name
-- scopes: update:public.granted
-- from: R15

UPDATE shadow.twin SET note = 'x'
