-- refused: lexing: names are folded
-- from: R13

SELECT PUBLIC.WRITES()
