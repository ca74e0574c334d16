-- passes: nothing is deferred where nothing is written

SET CONSTRAINTS ALL DEFERRED
