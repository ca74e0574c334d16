-- ends: while COPY is open only its data may be sent
-- scopes: insert:public.granted
-- from: R15
-- protocol: messages

query COPY public.granted FROM STDIN
query DELETE FROM public.other
copydone
sync
