-- ends: messages: counts that disagree
-- from: P4
-- protocol: messages

raw P %00SELECT%201%00%00%05%00%00%00%17
