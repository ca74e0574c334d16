-- passes: what engineers ask of tables: semicolons

;;
