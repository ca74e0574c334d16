-- passes: what tools ask of the catalogue: tree

SELECT relid, level FROM pg_partition_tree('measurements') ORDER BY 2
