-- passes: a cast by a function is not found in function notation, says the server
-- from: 1.7 (8)

SELECT public.address(1)
