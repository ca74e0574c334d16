-- passes: a function whose body only reads
-- from: R12

SELECT public.order_total(1), public.count_orders()
