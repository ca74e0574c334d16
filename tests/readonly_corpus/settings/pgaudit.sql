-- refused: an audit extension is turned off
-- from: A7

SET pgaudit.log = 'none'
