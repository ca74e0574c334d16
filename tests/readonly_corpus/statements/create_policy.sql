-- refused: a statement that writes, defines, instructs or tells others: create policy

CREATE POLICY stolen ON public.secrets USING (true)
