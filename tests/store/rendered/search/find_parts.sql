-- with {}
-- What an identifier or a name only contains: keys, then the companies and plants of transactions; the newest first.
SELECT flow, transaction_id, key_type, key_value
FROM
(
    SELECT 0 AS named, toString(flow) AS flow, transaction_id, toString(key_type) AS key_type, key_value
    FROM transaction_keys FINAL
    WHERE active = 1 AND flow != {heartbeat:String}
        AND key_value IN (SELECT key_value FROM transaction_keys WHERE positionCaseInsensitiveUTF8(key_value, {part:String}) > 0 LIMIT 10000)
    ORDER BY transaction_id DESC
    LIMIT {limit:UInt32}
    UNION ALL
    SELECT 1 AS named, toString(flow), transaction_id, name.1, name.2
    FROM
    (
        SELECT flow, transaction_id, [('@customer', toString(customer)), ('@supplier', toString(supplier)), ('@carrier', toString(carrier)), ('@plant', toString(plant))] AS names
        FROM transactions FINAL
        WHERE state != 'merged' AND flow != {heartbeat:String} AND (positionCaseInsensitiveUTF8(customer, {part:String}) > 0 OR positionCaseInsensitiveUTF8(supplier, {part:String}) > 0 OR positionCaseInsensitiveUTF8(carrier, {part:String}) > 0 OR positionCaseInsensitiveUTF8(plant, {part:String}) > 0)
        ORDER BY transaction_id DESC
        LIMIT {limit:UInt32}
    )
    ARRAY JOIN names AS name
    WHERE positionCaseInsensitiveUTF8(name.2, {part:String}) > 0
)
ORDER BY named, transaction_id DESC
LIMIT {limit:UInt32}

