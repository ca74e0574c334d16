-- refused: another's prepared writes are lost
-- from: 1.7 (2)

ROLLBACK PREPARED 'stolen'
