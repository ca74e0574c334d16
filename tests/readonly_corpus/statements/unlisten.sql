-- passes: a statement that writes, defines, instructs or tells others: unlisten
-- from: R11

UNLISTEN *
