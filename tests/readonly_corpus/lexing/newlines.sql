-- refused: newlines between the parts of a name
-- from: R13

SELECT
public
.
writes
(
)
