-- refused: pages are thrown away when they are read

SET zero_damaged_pages = on
