INSERT INTO transaction_outcomes
SELECT
    flow, transaction_id, {upto:UInt64}, maxIf(at, counts), groupArrayIf(toString(sla), counts), groupArrayIf(at, counts), groupArrayIf(outcome, counts),
    argMax(clocks.customer, clocks.revision), argMax(clocks.plant, clocks.revision)
FROM
(
    SELECT
        flow, transaction_id, sla, customer, plant, revision,
        removed = 0 AND due_at IS NOT NULL
            AND (verdict IN ('met', 'met_late', 'breached', 'unknown') OR (verdict = 'cancelled' AND ifNull(stopped_at > due_at, 0))) AS counts,
        toDateTime(least(ifNull(stopped_at, due_at), due_at), 'UTC') AS at,
        toUInt8(multiIf(verdict = 'unknown', 3, stopped_at <= due_at, 1, 2)) AS outcome
    FROM clocks FINAL
    WHERE (flow, transaction_id) IN (SELECT flow, transaction_id FROM clocks WHERE revision > {after:UInt64} AND revision <= {upto:UInt64})
) AS clocks
GROUP BY flow, transaction_id
