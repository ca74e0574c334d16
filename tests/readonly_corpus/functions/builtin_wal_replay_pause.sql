-- refused: a function of the server or of an extension that does more than compute: wal replay pause
-- from: R11

SELECT pg_wal_replay_pause()
