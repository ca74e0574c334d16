-- refused: no damage by itself, and not on the list

SET ignore_checksum_failure = on
