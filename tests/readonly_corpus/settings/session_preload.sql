-- refused: a setting: for all later sessions

SET session_preload_libraries = 'auto_explain'
