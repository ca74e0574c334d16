-- refused: a statement that writes, defines, instructs or tells others: revoke

REVOKE SELECT ON public.orders FROM PUBLIC
