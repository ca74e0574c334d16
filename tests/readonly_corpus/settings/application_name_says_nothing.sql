-- passes: a setting: a name is only a name
-- from: R3

SET application_name = 'pgward:root:g_0000000000/psql'
