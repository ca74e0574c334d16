-- ends: a letter that is no message
-- from: P7
-- protocol: messages

raw z x
