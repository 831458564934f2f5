SELECT
    flow, sla, transaction_id, revision, reference, stage, due_at, verdict, verdict_at, cause, severity, owner, runbook,
    value, currency, customer, plant, removed
FROM clocks
WHERE revision > {after:UInt64} AND revision <= (
    SELECT max(revision) FROM (SELECT revision FROM clocks WHERE revision > {after:UInt64} ORDER BY revision LIMIT {limit:UInt64}))
ORDER BY revision DESC
LIMIT 1 BY flow, sla, transaction_id
