-- refused: a view that does more: a rule writes elsewhere
-- from: R9

INSERT INTO public.ruled VALUES (2)
