-- Current rows of the transactions above the cursor that have failed at any time, or were merged: no other can belong to an incident.
SELECT flow, transaction_id, revision, reference, state, facts, failed_milestone, failed_stage, failed_at, cause
FROM transactions
WHERE revision > {after:UInt64} AND revision <= {upto:UInt64} AND (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions
    WHERE revision > {after:UInt64} AND revision <= {upto:UInt64} AND (failures > 0 OR state = 'merged')
)
ORDER BY revision DESC
LIMIT 1 BY flow, transaction_id
