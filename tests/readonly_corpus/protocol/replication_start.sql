-- refused: a replication command as a Query
-- from: P7
-- protocol: messages

query IDENTIFY_SYSTEM
