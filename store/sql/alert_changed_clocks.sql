-- Rows above the cursor of the clocks that belong to an incident or leave one: the latest whose verdict holds a member, or whose verdict
-- before did. A row after it that is neither changes nothing about that. All others, nearly all under ordinary traffic, are none of
-- alerting's business.
SELECT
    flow, sla, transaction_id, revision, reference, stage, due_at, verdict, verdict_at, cause, severity, owner, runbook,
    value, currency, customer, plant, removed
FROM clocks
WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
    AND (verdict IN {holding:Array(String)} OR previous IN {holding:Array(String)})
ORDER BY revision DESC
LIMIT 1 BY flow, sla, transaction_id
