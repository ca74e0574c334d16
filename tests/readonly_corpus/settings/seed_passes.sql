-- passes: a setting: SET SEED is setseed

SET SEED TO 0.5
