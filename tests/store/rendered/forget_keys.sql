-- with {}
-- Deletes the keys that the earlier definition of a flow found, once the flow has been read again with a new one.
DELETE FROM transaction_keys
WHERE key_type NOT IN ('@merged', '@forgotten') AND (flow, 1) IN (SELECT flow, 1 FROM transaction_keys WHERE key_type = '@forgotten')
    AND revision < transform(
        toString(flow),
        (
            SELECT groupArray(name)
            FROM
            (
                SELECT toString(flow) AS name, max(revision) AS reached
                FROM transaction_keys
                WHERE key_type = '@forgotten'
                GROUP BY name
                ORDER BY name
            )
        ),
        (
            SELECT groupArray(reached)
            FROM
            (
                SELECT toString(flow) AS name, max(revision) AS reached
                FROM transaction_keys
                WHERE key_type = '@forgotten'
                GROUP BY name
                ORDER BY name
            )
        ),
        toUInt64(0))

