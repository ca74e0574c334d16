-- refused: lexing: blanks of all kinds
-- from: R13
-- percent

%0C%09INSERT%0CINTO%0Cpublic.victim%0CVALUES%0C(1)
