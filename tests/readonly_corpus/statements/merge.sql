-- refused: a statement that writes, defines, instructs or tells others: merge
-- from: R7

MERGE INTO public.orders o USING public.accounts a ON a.id = o.account_id WHEN MATCHED THEN UPDATE SET note = 'stolen'
