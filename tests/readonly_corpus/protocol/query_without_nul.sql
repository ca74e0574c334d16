-- ends: a Query that does not end
-- from: P6
-- protocol: messages

raw Q SELECT%201%20--
