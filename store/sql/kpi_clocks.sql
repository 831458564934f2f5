SELECT
    /*name*/ AS name,
    countIf(verdict != 'unknown') AS decided,
    countIf(verdict != 'unknown' AND stopped_at <= due_at) AS met,
    uniq(transaction_id) AS transactions,
    uniqIf(transaction_id, verdict != 'unknown' AND (stopped_at IS NULL OR stopped_at > due_at)) AS exceptions
FROM
(
    SELECT flow, plant, customer, transaction_id, verdict, due_at, stopped_at, least(ifNull(stopped_at, due_at), due_at) AS decided_at
    FROM clocks FINAL
    WHERE removed = 0 AND verdict IN ('met', 'met_late', 'breached', 'unknown') /*flow*/
)
WHERE decided_at >= {start:DateTime64(3, 'UTC')} AND decided_at < {end:DateTime64(3, 'UTC')}
GROUP BY name
ORDER BY transactions DESC
LIMIT 1000
