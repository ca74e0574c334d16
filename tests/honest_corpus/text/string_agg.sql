-- passes: strings and search: string agg

SELECT string_agg(owner, '; ' ORDER BY id) FROM accounts WHERE id < 4
