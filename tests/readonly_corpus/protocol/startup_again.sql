-- ends: a password message after the login
-- from: P7
-- protocol: messages

raw p secret%00
