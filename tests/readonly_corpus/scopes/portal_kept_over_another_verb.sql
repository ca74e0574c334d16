-- refused: the statement behind a portal is the one that was judged
-- scopes: update:public.granted
-- from: R15
-- protocol: messages

query BEGIN
parse s - SELECT 1
bind c s -
close S s
parse s - UPDATE public.other SET note = 'x'
execute c 0
bind - s -
execute - 0
sync
query COMMIT
