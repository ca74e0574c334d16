-- refused: a library is loaded into the session
-- from: R6

SET local_preload_libraries = '$libdir/plugins/evil'
