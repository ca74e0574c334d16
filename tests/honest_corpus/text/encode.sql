-- passes: strings and search: encode

SELECT encode('abc', 'base64'), md5('a'), sha256('a'), convert_from('\x6162', 'UTF8'), ascii('a'), chr(228)
