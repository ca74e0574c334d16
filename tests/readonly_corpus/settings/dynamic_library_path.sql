-- refused: a setting: where LOAD looks

SET dynamic_library_path = '/tmp'
