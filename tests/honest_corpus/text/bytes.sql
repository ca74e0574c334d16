-- passes: strings and search: bytes

SELECT '\xdead'::bytea, get_byte('\x01', 0), length('\x0102'::bytea)
