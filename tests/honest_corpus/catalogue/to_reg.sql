-- passes: what tools ask of the catalogue: to reg

SELECT to_regclass('no_such'), to_regtype('int4'), 'orders'::regclass, 'int4'::regtype, 'upper(text)'::regprocedure
