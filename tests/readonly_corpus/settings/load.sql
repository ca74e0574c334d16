-- refused: a setting: a library of the server
-- from: R6

LOAD 'auto_explain'
