-- passes: settings and blocks of drivers, poolers and people: current

SELECT current_user, session_user, current_database(), current_catalog, user
