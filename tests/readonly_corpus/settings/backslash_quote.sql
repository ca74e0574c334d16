-- refused: a setting: another meaning of \'
-- from: R3

SET backslash_quote = on
