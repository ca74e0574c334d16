-- passes: strings and search: regexp

SELECT regexp_matches('a1b2', '([a-z])(\d)', 'g'), regexp_replace('abc', 'b', 'x'), 'abc' ~* 'B', regexp_split_to_array('a,b', ',')
