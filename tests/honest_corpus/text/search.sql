-- passes: strings and search: search

SELECT to_tsvector('english', note) @@ to_tsquery('english', 'order & 7'), ts_rank(to_tsvector(note), plainto_tsquery('order')), ts_headline(note, to_tsquery('order')) FROM orders WHERE id = 7
