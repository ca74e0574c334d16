-- ends: a Query that goes on behind its NUL
-- from: P6
-- protocol: messages

raw Q SELECT%201%00INSERT%20INTO%20public.victim%20VALUES%20(1)%00
