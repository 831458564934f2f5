-- with {"beginnings": ["beginning_0", "beginning_1"]}
-- What somebody may mean who has typed this much: numbers that begin with it, in the order of the table, then names that contain it,
-- the most frequent first.
SELECT of_flow AS flow, kind, value
FROM
(
    SELECT 0 AS named, toString(flow) AS of_flow, toString(key_type) AS kind, key_value AS value, toInt64(0) AS weight
    FROM transaction_keys
    WHERE active = 1 AND key_type != '@merged' AND flow != {heartbeat:String}
        AND (startsWith(key_value, {beginning_0:String}) OR startsWith(key_value, {beginning_1:String}))
    ORDER BY key_value
    LIMIT 1 BY key_value
    LIMIT {limit:UInt32}
    UNION ALL
    SELECT 1 AS named, '', name.1, name.2, -toInt64(count()) AS weight
    FROM
    (
        SELECT [('@customer', toString(customer)), ('@supplier', toString(supplier)), ('@carrier', toString(carrier)), ('@plant', toString(plant))] AS names
        FROM transactions
        WHERE transaction_id >= {first:String} AND flow != {heartbeat:String} AND (positionCaseInsensitiveUTF8(customer, {part:String}) > 0 OR positionCaseInsensitiveUTF8(supplier, {part:String}) > 0 OR positionCaseInsensitiveUTF8(carrier, {part:String}) > 0 OR positionCaseInsensitiveUTF8(plant, {part:String}) > 0)
    )
    ARRAY JOIN names AS name
    WHERE positionCaseInsensitiveUTF8(name.2, {part:String}) > 0
    GROUP BY name.1, name.2
    ORDER BY weight, name.2
    LIMIT {limit:UInt32}
)
ORDER BY named, weight, value

