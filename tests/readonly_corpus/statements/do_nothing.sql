-- refused: a statement that writes, defines, instructs or tells others: do nothing
-- from: R6

DO $$ BEGIN END $$
