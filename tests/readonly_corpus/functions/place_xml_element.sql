-- refused: the call stands at a place of its own: xml element
-- from: R8

SELECT xmlelement(name a, xmlattributes(public.writes() AS b))
