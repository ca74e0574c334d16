-- refused: a statement that writes, defines, instructs or tells others: truncate restart cascade

TRUNCATE ONLY public.accounts RESTART IDENTITY CASCADE
