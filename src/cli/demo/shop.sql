-- A small shop: enough to look around in, to find a stuck order in, and to break if one could.
CREATE TYPE public.order_status AS ENUM ('new', 'paid', 'shipped', 'cancelled');

CREATE TABLE public.customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    city text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE public.products (
    id integer PRIMARY KEY,
    name text NOT NULL,
    price numeric(10,2) NOT NULL CHECK (price > 0)
);
CREATE TABLE public.orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES public.customers,
    status public.order_status NOT NULL DEFAULT 'new',
    total numeric(12,2) NOT NULL DEFAULT 0,
    note text,
    created_at timestamptz NOT NULL
);
CREATE TABLE public.order_items (
    order_id integer NOT NULL REFERENCES public.orders ON DELETE CASCADE,
    product_id integer NOT NULL REFERENCES public.products,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, product_id)
);
CREATE TABLE public.payments (
    id integer PRIMARY KEY,
    order_id integer NOT NULL REFERENCES public.orders,
    amount numeric(12,2) NOT NULL,
    method text NOT NULL,
    received_at timestamptz NOT NULL
);

INSERT INTO public.customers
SELECT n,
       (ARRAY['Ada', 'Grace', 'Linus', 'Barbara', 'Edsger', 'Margaret', 'Donald', 'Radia'])[1 + n % 8]
           || ' ' || (ARRAY['Berg', 'Costa', 'Dietrich', 'Evans', 'Fischer', 'Garcia', 'Hansen'])[1 + n % 7],
       'customer' || n || '@example.com',
       (ARRAY['Lisbon', 'Oslo', 'Vienna', 'Porto', 'Ghent'])[1 + n % 5],
       now() - (n || ' days')::interval
FROM generate_series(1, 200) n;

INSERT INTO public.products
SELECT n,
       (ARRAY['red', 'green', 'blue', 'black'])[1 + n % 4] || ' '
           || (ARRAY['mug', 'lamp', 'chair', 'notebook', 'backpack', 'kettle'])[1 + n % 6],
       5 + (n * 37 % 200) + 0.95
FROM generate_series(1, 24) n;

INSERT INTO public.orders (id, customer_id, status, created_at)
SELECT n, 1 + n * 7 % 200,
       CASE WHEN n % 50 = 7 THEN 'new' WHEN n % 11 = 0 THEN 'cancelled' WHEN n % 3 = 0 THEN 'paid'
            ELSE 'shipped' END::public.order_status,
       now() - (n || ' hours')::interval
FROM generate_series(1, 2000) n;

INSERT INTO public.order_items
SELECT o.id, p, 1 + (o.id + p) % 3
FROM public.orders o, generate_series(1, 24) p
WHERE (o.id * 5 + p) % 9 = 0;

UPDATE public.orders o SET total = coalesce((
    SELECT sum(i.quantity * p.price) FROM public.order_items i
    JOIN public.products p ON p.id = i.product_id WHERE i.order_id = o.id), 0);

INSERT INTO public.payments
SELECT id, id, total, (ARRAY['card', 'transfer', 'wallet'])[1 + id % 3], created_at + interval '10 minutes'
FROM public.orders WHERE status IN ('paid', 'shipped');

CREATE INDEX orders_customer ON public.orders (customer_id);
CREATE INDEX orders_new ON public.orders (created_at) WHERE status = 'new';
CREATE VIEW public.unpaid_orders AS
    SELECT o.id, c.name, o.total, o.created_at
    FROM public.orders o JOIN public.customers c ON c.id = o.customer_id WHERE o.status = 'new';
COMMENT ON TABLE public.orders IS 'One row for each order, from cart to delivery';
ANALYZE;
