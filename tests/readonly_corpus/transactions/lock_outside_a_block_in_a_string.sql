-- refused: the implicit block of a string is enough for LOCK

LOCK TABLE public.orders IN EXCLUSIVE MODE; SELECT pg_sleep(0)
