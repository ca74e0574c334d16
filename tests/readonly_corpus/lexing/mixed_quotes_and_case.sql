-- refused: quotes and case mixed, a blank before the parenthesis
-- from: R13

SELECT "public".Writes ()
