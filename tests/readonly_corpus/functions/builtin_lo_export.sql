-- refused: a function of the server or of an extension that does more than compute: lo export
-- from: R11

SELECT lo_export(1, '@FILES@/stolen')
