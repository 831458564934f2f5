-- with {}
SELECT
    flow, transaction_id, revision, reference, keys, state, facts, failed_milestone, failed_stage, failed_at, cause,
    mapApply((k, v) -> (k, toUnixTimestamp64Milli(v)), first_at) AS first_at,
    mapApply((k, v) -> (k, toUnixTimestamp64Milli(v)), last_at) AS last_at,
    mapApply((k, v) -> (k, arrayMap(e -> (e.type, e.value, toUnixTimestamp64Milli(e.at)), v)), reached) AS reached,
    mapApply((k, v) -> (k, arrayMap(e -> toUnixTimestamp64Milli(e), v)), moments) AS moments
FROM transactions FINAL
WHERE flow IN {flows:Array(String)} AND transaction_id IN (SELECT arrayJoin(splitByChar(' ', {ids:String})))
ORDER BY revision

