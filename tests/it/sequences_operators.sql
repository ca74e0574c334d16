CREATE OPERATOR = (leftarg = int, rightarg = text, function = evilbool);
CREATE OPERATOR < (leftarg = int, rightarg = text, function = evilbool);
CREATE OPERATOR >= (leftarg = int, rightarg = text, function = evilbool);
CREATE OPERATOR <= (leftarg = int, rightarg = text, function = evilbool);
CREATE OPERATOR <> (leftarg = int, rightarg = text, function = evilbool);
CREATE OPERATOR ~~ (leftarg = int, rightarg = text, function = evilbool);
