-- passes: a warning only, the lexing stays

SET escape_string_warning = off
-- next message
SELECT 'a\b'
