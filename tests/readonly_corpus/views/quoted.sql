-- refused: a view that does more: in quotes
-- from: R9

SELECT * FROM "public"."writes_view"
