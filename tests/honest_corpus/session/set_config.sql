-- passes: settings and blocks of drivers, poolers and people: set config

SELECT set_config('work_mem', '5MB', true)
