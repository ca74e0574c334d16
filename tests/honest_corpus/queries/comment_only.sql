-- passes: what engineers ask of tables: comment only

-- nothing
/* at all */
