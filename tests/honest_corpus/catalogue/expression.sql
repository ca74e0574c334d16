-- passes: what tools ask of the catalogue: expression

SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef ORDER BY oid
