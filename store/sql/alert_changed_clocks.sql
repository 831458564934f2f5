-- Current rows of the clocks above the cursor that can belong to an incident or leave one: those whose verdict holds a member now, or did
-- in any row above the cursor or just before. All others, nearly all under ordinary traffic, are none of alerting's business.
SELECT
    flow, sla, transaction_id, revision, reference, stage, due_at, verdict, verdict_at, cause, severity, owner, runbook,
    value, currency, customer, plant, removed
FROM clocks
WHERE revision > {after:UInt64} AND revision <= {upto:UInt64} AND (flow, sla, transaction_id) IN
(
    SELECT flow, sla, transaction_id
    FROM clocks
    WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
        AND (verdict IN {holding:Array(String)} OR previous IN {holding:Array(String)})
)
ORDER BY revision DESC
LIMIT 1 BY flow, sla, transaction_id
