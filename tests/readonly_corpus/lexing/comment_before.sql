-- refused: a comment says what it is not
-- from: R13 [pg-mcp-server 3, hoop]

/* SELECT */ -- SELECT
INSERT INTO public.victim VALUES (1)
