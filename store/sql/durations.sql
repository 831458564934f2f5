SELECT
    least(2, floor(20 * (toUnixTimestamp64Milli(assumeNotNull(stopped_at)) - toUnixTimestamp64Milli(started_at))
        / greatest(1, toUnixTimestamp64Milli(due_at) - toUnixTimestamp64Milli(started_at))) / 20) AS share,
    count() AS clocks
FROM clocks FINAL
WHERE removed = 0 AND flow = {flow:String} AND sla = {sla:String} AND verdict IN ('met', 'met_late')
    AND stopped_at >= {start:DateTime64(3, 'UTC')} AND stopped_at < {end:DateTime64(3, 'UTC')}
GROUP BY share
ORDER BY share
