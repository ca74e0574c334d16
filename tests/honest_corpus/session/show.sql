-- passes: settings and blocks of drivers, poolers and people: show

SHOW server_version
