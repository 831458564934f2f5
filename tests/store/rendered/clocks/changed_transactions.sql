-- with {"bounded": false}
-- Every row of transactions above the cursor, if there are fewer than the limit.
SELECT
    flow, transaction_id, revision, reference, keys, state, facts, failed_milestone, failed_stage, failed_at, cause,
    mapApply((k, v) -> (k, toUnixTimestamp64Milli(v)), first_at) AS first_at,
    mapApply((k, v) -> (k, toUnixTimestamp64Milli(v)), last_at) AS last_at,
    mapApply((k, v) -> (k, arrayMap(e -> (e.type, e.value, toUnixTimestamp64Milli(e.at)), v)), reached) AS reached,
    mapApply((k, v) -> (k, arrayMap(e -> toUnixTimestamp64Milli(e), v)), moments) AS moments
FROM transactions
WHERE revision > {after:UInt64}
LIMIT {limit:UInt64}


-- with {"bounded": true}
-- The current rows of the transactions that changed above the cursor, whole revisions only. What is current of them is the latest above the
-- cursor, also where that lies above the revision reached: an older row is of the past and not to be evaluated any more.
SELECT
    flow, transaction_id, revision, reference, keys, state, facts, failed_milestone, failed_stage, failed_at, cause,
    mapApply((k, v) -> (k, toUnixTimestamp64Milli(v)), first_at) AS first_at,
    mapApply((k, v) -> (k, toUnixTimestamp64Milli(v)), last_at) AS last_at,
    mapApply((k, v) -> (k, arrayMap(e -> (e.type, e.value, toUnixTimestamp64Milli(e.at)), v)), reached) AS reached,
    mapApply((k, v) -> (k, arrayMap(e -> toUnixTimestamp64Milli(e), v)), moments) AS moments
FROM transactions
WHERE revision > {after:UInt64}
    AND (flow, transaction_id) IN
    (
        SELECT flow, transaction_id
        FROM transactions
        WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
    )
ORDER BY revision DESC
LIMIT 1 BY flow, transaction_id


