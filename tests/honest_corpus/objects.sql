-- What the files of this folder read, beside the sample data: none of it does more.
CREATE FUNCTION honest_loop(n int) RETURNS int LANGUAGE plpgsql STABLE AS $$
DECLARE r record; s int := 0;
BEGIN
    FOR r IN SELECT id FROM public.orders ORDER BY id LIMIT n LOOP s := s + r.id; END LOOP;
    IF s > 100 THEN RAISE NOTICE 'much'; END IF;
    RETURN s;
END $$;
CREATE FUNCTION honest_rows(n int) RETURNS TABLE (id int, owner text) LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY SELECT a.id, a.owner FROM public.accounts a ORDER BY a.id LIMIT n; END $$;
CREATE FUNCTION honest_atomic(n int) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM public.orders WHERE id < n; END;
CREATE FUNCTION honest_pair(n int, OUT a int, OUT b text) LANGUAGE sql AS 'SELECT n, n::text';
CREATE FUNCTION honest_many(VARIADIC a int[]) RETURNS bigint LANGUAGE sql AS 'SELECT sum(x) FROM unnest(a) x';
CREATE FUNCTION honest_default(a int DEFAULT 2, b int DEFAULT abs(-3)) RETURNS int LANGUAGE sql RETURN a * b;
CREATE FUNCTION honest_label(a public.accounts) RETURNS text LANGUAGE sql STABLE AS 'SELECT a.id || a.owner';
CREATE FUNCTION honest_over(int) RETURNS text LANGUAGE sql AS $$ SELECT 'int' $$;
CREATE FUNCTION honest_over(text) RETURNS text LANGUAGE sql AS $$ SELECT 'text' $$;
CREATE FUNCTION honest_plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b + 1';
CREATE OPERATOR #+# (LEFTARG = int, RIGHTARG = int, FUNCTION = honest_plus);
CREATE AGGREGATE honest_sum(int) (SFUNC = honest_plus, STYPE = int, INITCOND = '0');
CREATE DOMAIN honest_code AS text CHECK (VALUE ~ '^[0-9]+$');
CREATE VIEW honest_view AS SELECT id, public.honest_plus(id, 1) AS next FROM public.orders;
CREATE TABLE honest_policed (id int); INSERT INTO honest_policed VALUES (1), (-1);
ALTER TABLE honest_policed ENABLE ROW LEVEL SECURITY;
CREATE POLICY positive_only ON honest_policed USING (public.honest_plus(id, 0) > 0);
