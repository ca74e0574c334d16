-- refused: beyond the scope: and from a program
-- scopes: insert:public.granted
-- from: R15

COPY public.granted FROM PROGRAM 'echo 700; touch @FILES@/stolen'
