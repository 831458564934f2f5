-- Current rows of the clocks above the cursor that belong to an incident or leave one: their verdict holds a member, or did in the row before,
-- or an incident may hold them (a row that said how they left may be gone, replaced by one that came after it). All others, nearly all
-- under ordinary traffic, are none of alerting's business.
SELECT
    flow, sla, transaction_id, revision, reference, stage, due_at, verdict, verdict_at, cause, severity, owner, runbook,
    value, currency, penalty, customer, plant, removed
FROM clocks
WHERE revision > {after:UInt64} AND (flow, sla, transaction_id) IN
(
    SELECT flow, sla, transaction_id
    FROM clocks
    WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
        AND (verdict IN {holding:Array(String)} OR previous IN {holding:Array(String)}
            OR (flow, sla, transaction_id) IN (SELECT flow, sla, transaction_id FROM incident_members WHERE left_at IS NULL AND sla != ''))
)
ORDER BY revision DESC
LIMIT 1 BY flow, sla, transaction_id
