-- passes: strings and search: unicode

SELECT U&'\00e4', E'\u00e4\n', $tag$it's$tag$, normalize('ä', NFD) IS NFD NORMALIZED
