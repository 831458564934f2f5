-- Current rows of the transactions above the cursor that have failed, or ever belonged to an incident because they had.
SELECT flow, transaction_id, revision, reference, state, facts, failed_milestone, failed_stage, failed_at, cause
FROM transactions
WHERE revision > {after:UInt64} AND (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions
    WHERE revision > {after:UInt64} AND revision <= {upto:UInt64}
        AND (failed_milestone != '' OR (flow, transaction_id) IN (SELECT flow, transaction_id FROM incident_members WHERE sla = ''))
)
ORDER BY revision DESC
LIMIT 1 BY flow, transaction_id
