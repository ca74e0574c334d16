-- refused: a custom setting that somebody's policy reads

SET app.user_is_admin = 'true'
