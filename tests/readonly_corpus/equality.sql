-- What the files of equality/ find besides objects.sql. Apart, since it makes every statement
-- suspect in which = stands.
CREATE FUNCTION writes_equal(public.address, public.address) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.writes(); RETURN true; END';
CREATE OPERATOR = (LEFTARG = public.address, RIGHTARG = public.address, FUNCTION = writes_equal);
CREATE FUNCTION homes() RETURNS bigint LANGUAGE sql STABLE
    AS 'SELECT count(*) FROM public.accounts a JOIN public.accounts b ON a.home = b.home';
CREATE VIEW homes_view AS SELECT a.home IN (a.home) AS a FROM public.accounts a;
GRANT SELECT ON homes_view TO PUBLIC;
