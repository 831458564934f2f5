SELECT flow, transaction_id, reference, state, stage, started_at, updated_at, concat(named.key_type, ' ', named.key_value) AS matched
FROM transactions FINAL
INNER JOIN
(
    SELECT toString(flow) AS key_flow, transaction_id AS key_transaction, toString(key_type) AS key_type, key_value,
        key_value IN {exact:Array(String)} AS is_exact
    FROM transaction_keys FINAL
    WHERE active AND (key_value IN {exact:Array(String)} OR startsWith(key_value, {prefix:String}))
    ORDER BY is_exact DESC, transaction_id DESC, key_type, key_value
    LIMIT 1 BY key_flow, key_transaction
    LIMIT {limit:UInt32}
) AS named ON named.key_flow = toString(transactions.flow) AND named.key_transaction = transactions.transaction_id
WHERE (flow, transaction_id) IN (
    SELECT flow, transaction_id FROM transaction_keys
    WHERE key_value IN {exact:Array(String)} OR startsWith(key_value, {prefix:String}))
ORDER BY is_exact DESC, transaction_id DESC
LIMIT {limit:UInt32}
