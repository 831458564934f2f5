SELECT
    /*name*/ AS name,
    count() AS completed,
    quantile(0.5)(dateDiff('second', started_at, assumeNotNull(ended_at))) AS cycle_seconds,
    quantile(0.9)(dateDiff('second', started_at, assumeNotNull(ended_at))) AS cycle_p90_seconds
FROM transactions FINAL
WHERE state = 'completed' AND ended_at >= {start:DateTime64(3, 'UTC')} AND ended_at < {end:DateTime64(3, 'UTC')} /*flow*/
GROUP BY name
ORDER BY completed DESC
LIMIT 1000
