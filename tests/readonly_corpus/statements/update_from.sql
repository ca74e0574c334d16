-- refused: a statement that writes, defines, instructs or tells others: update from

UPDATE public.orders o SET note = a.owner FROM public.accounts a WHERE a.id = o.account_id
