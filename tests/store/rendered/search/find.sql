-- with {"beginnings": ["beginning_0", "beginning_1"]}
-- Andon's own heartbeats are named by a time: who looks for 2026-0042 would get them first.
SELECT flow, transaction_id, key_type, key_value
FROM transaction_keys FINAL
WHERE active = 1 AND (startsWith(key_value, {beginning_0:String}) OR startsWith(key_value, {beginning_1:String}))
    AND (flow != {heartbeat:String} OR key_value IN {exact:Array(String)})
ORDER BY key_value IN {exact:Array(String)} DESC, transaction_id DESC
LIMIT {limit:UInt32}

