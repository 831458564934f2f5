SELECT
    flow, sla, toDate(decided_at, {zone:String}) AS day,
    countIf(outcome = 'met') AS met, countIf(outcome = 'missed') AS missed, countIf(outcome = 'unknown') AS unknown, count() AS total
FROM decided_clocks FINAL
WHERE decided_at >= {start:DateTime64(3, 'UTC')} AND decided_at < {end:DateTime64(3, 'UTC')}
GROUP BY flow, sla, day
ORDER BY flow, sla, day
