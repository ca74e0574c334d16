-- refused: a function of the server or of an extension that does more than compute: lo import
-- from: R11

SELECT lo_import('/etc/hostname')
