-- passes: functions that only read, of the database and of the server: geometry

SELECT point(1, 2) <-> point(4, 6), box '((0,0),(1,1))' && box '((0.5,0.5),(2,2))'
