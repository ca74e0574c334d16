-- refused: another session's snapshot is taken over

BEGIN ISOLATION LEVEL REPEATABLE READ
-- next message
SET TRANSACTION SNAPSHOT '00000003-0000001B-1'
