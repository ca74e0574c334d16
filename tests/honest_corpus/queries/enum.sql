-- passes: what engineers ask of tables: enum

SELECT enum_range(NULL::order_status), 'paid'::order_status > 'new'
