-- refused: a statement that writes, defines, instructs or tells others: alter view option

ALTER VIEW public.open_orders SET (security_invoker = on)
