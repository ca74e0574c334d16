-- refused: a statement that writes, defines, instructs or tells others: insert default values

INSERT INTO public.victim DEFAULT VALUES
