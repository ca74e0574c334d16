-- refused: a setting: the role that logged in
-- from: R3

SET ROLE NONE
