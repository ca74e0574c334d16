-- refused: a statement that writes, defines, instructs or tells others: alter table disable rls

ALTER TABLE public.secrets DISABLE ROW LEVEL SECURITY
