SELECT flow, transaction_id, key_type, key_value
FROM transaction_keys FINAL
WHERE active = 1 AND (key_value IN {exact:Array(String)} OR startsWith(key_value, {prefix:String}))
ORDER BY key_value IN {exact:Array(String)} DESC, transaction_id DESC
LIMIT {limit:UInt32}
