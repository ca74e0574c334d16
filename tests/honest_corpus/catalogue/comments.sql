-- passes: what tools ask of the catalogue: comments

SELECT obj_description('public.accounts'::regclass), col_description('public.accounts'::regclass, 1)
