SELECT
    flow, sla/*day*/,
    countIf(verdict != 'unknown' AND stopped_at <= due_at) AS met,
    countIf(verdict != 'unknown' AND (stopped_at IS NULL OR stopped_at > due_at)) AS missed,
    countIf(verdict = 'unknown') AS unknown,
    count() AS total
FROM
(
    SELECT flow, sla, verdict, due_at, stopped_at, least(ifNull(stopped_at, due_at), due_at) AS decided_at
    FROM clocks FINAL
    WHERE removed = 0 AND verdict IN ('met', 'met_late', 'breached', 'unknown')
)
WHERE decided_at >= {start:DateTime64(3, 'UTC')} AND decided_at < {end:DateTime64(3, 'UTC')}
GROUP BY flow, sla/*group*/
ORDER BY flow, sla/*group*/
