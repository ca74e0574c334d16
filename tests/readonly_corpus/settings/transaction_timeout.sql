-- passes: a setting: a limit of 17
-- since: 17

SET transaction_timeout = 0
