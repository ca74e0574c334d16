-- passes: row_security off makes an error of what it would filter
-- from: R3

SET row_security = off
-- next message
SELECT count(*) FROM public.secrets
