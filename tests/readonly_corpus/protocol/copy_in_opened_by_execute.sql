-- refused: COPY FROM STDIN by the extended protocol
-- from: P7
-- protocol: messages

parse - - COPY public.victim FROM STDIN
bind - - -
execute - 0
copydata 1
copydone
sync
