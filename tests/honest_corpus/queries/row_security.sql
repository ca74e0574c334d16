-- passes: what engineers ask of tables: row security

SELECT * FROM secrets
