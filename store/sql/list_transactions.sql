-- First the narrow columns of all that match, then the wide ones of the few that are shown.
SELECT
    flow, transaction_id, reference, state, stage, started_at, updated_at, ended_at, failed_stage, cause,
    customer, plant
FROM transactions FINAL
WHERE (flow, transaction_id) IN
(
    SELECT flow, transaction_id
    FROM transactions FINAL
    WHERE /*conditions*/
    ORDER BY transaction_id DESC
    LIMIT {limit:UInt32}
)
ORDER BY transaction_id DESC
