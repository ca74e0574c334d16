-- refused: a statement that writes, defines, instructs or tells others: insert overriding

INSERT INTO public.accounts OVERRIDING SYSTEM VALUE VALUES (9999, 'stolen')
