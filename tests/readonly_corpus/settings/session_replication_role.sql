-- refused: triggers and foreign keys are turned off

SET session_replication_role = replica
