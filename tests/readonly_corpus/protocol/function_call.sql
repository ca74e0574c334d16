-- refused: the FunctionCall message names a function by its number
-- from: P7
-- protocol: messages

raw F %00%00%04%5E%00%00%00%00%00%00
sync
