-- passes: settings and blocks of drivers, poolers and people: show all of a kind

SHOW search_path
