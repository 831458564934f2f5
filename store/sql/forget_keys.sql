-- Takes back keys of before their flow was read again by another definition.
DELETE FROM transaction_keys
WHERE key_type NOT IN ('@merged', '@forgotten') AND (flow, 1) IN (SELECT flow, 1 FROM transaction_keys WHERE key_type = '@forgotten')
    AND revision < transform(toString(flow),
        (SELECT groupArray(f) FROM (SELECT toString(flow) AS f, max(revision) AS r FROM transaction_keys WHERE key_type = '@forgotten' GROUP BY f ORDER BY f)),
        (SELECT groupArray(r) FROM (SELECT toString(flow) AS f, max(revision) AS r FROM transaction_keys WHERE key_type = '@forgotten' GROUP BY f ORDER BY f)),
        toUInt64(0))
