-- refused: a statement that writes, defines, instructs or tells others: insert through a view

INSERT INTO public.updatable VALUES (9999, 'stolen')
