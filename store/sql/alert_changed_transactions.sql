SELECT flow, transaction_id, revision, reference, state, facts, failed_milestone, failed_stage, failed_at, cause
FROM transactions
WHERE revision > {after:UInt64} AND revision <= (
    SELECT max(revision) FROM (SELECT revision FROM transactions WHERE revision > {after:UInt64} ORDER BY revision LIMIT {limit:UInt64}))
ORDER BY revision DESC
LIMIT 1 BY flow, transaction_id
