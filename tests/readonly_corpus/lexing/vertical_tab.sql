-- refused: a vertical tab is a blank since 16 only
-- from: R13
-- percent

INSERT%0BINTO%0Bpublic.victim%0BVALUES (1)
