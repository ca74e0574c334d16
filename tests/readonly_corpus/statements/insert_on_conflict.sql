-- refused: a statement that writes, defines, instructs or tells others: insert on conflict

INSERT INTO public.accounts (id, owner) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET owner = 'stolen'
