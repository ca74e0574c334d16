-- Relations that the texts of tests/corpus/honest name, beside the sample data.
CREATE SCHEMA s2;
CREATE TABLE public.items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id int REFERENCES public.orders, doc jsonb, tags text[]);
CREATE TABLE public.log (at timestamptz, msg text) PARTITION BY RANGE (at);
CREATE TABLE public.log_2026 PARTITION OF public.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE s2.t (a int);
CREATE TABLE s2."Odd.Name" (a int);
CREATE SEQUENCE public.sq;
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE public.pair AS (a int, b text);
