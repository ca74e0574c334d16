-- passes: a policy that only compares
-- from: R9

SELECT * FROM public.secrets
