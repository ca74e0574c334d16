-- refused: another's prepared writes become visible
-- from: 1.7 (2)

COMMIT PREPARED 'stolen'
