-- passes: messages: CopyData for nobody
-- from: P7
-- protocol: messages

copydata 1
copydone
query SELECT 1
