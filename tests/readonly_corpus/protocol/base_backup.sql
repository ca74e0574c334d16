-- refused: messages: another
-- from: P7
-- protocol: messages

query BASE_BACKUP
