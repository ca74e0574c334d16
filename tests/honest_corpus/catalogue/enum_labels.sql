-- passes: what tools ask of the catalogue: enum labels

SELECT enumlabel FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typname = 'order_status' ORDER BY enumsortorder
