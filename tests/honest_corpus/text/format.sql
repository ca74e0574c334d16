-- passes: strings and search: format

SELECT format('%s %I %L', 'a', 'b c', 'd''e'), quote_ident('a b'), quote_literal('x'), concat_ws(',', 1, NULL, 2)
