-- with {}
-- By how much the receipt of what each source sent since then lies after the time it says: the median, and from first to last tenth.
SELECT
    source, count() AS signals, quantile(0.5)(late) AS skew_seconds, quantile(0.9)(late) - quantile(0.1)(late) AS spread_seconds
FROM
(
    SELECT source, dateDiff('millisecond', time, received_at) / 1000 AS late
    FROM events
    WHERE received_at >= {since:DateTime64(3, 'UTC')} AND source != {own:String} AND time > toDateTime64(0, 9, 'UTC') AND time != received_at
    UNION ALL
    SELECT source, dateDiff('millisecond', end_time, received_at) / 1000 AS late
    FROM spans
    WHERE received_at >= {since:DateTime64(3, 'UTC')} AND source != {own:String} AND end_time > toDateTime64(0, 9, 'UTC')
    UNION ALL
    SELECT source, dateDiff('millisecond', time, received_at) / 1000 AS late
    FROM logs
    WHERE received_at >= {since:DateTime64(3, 'UTC')} AND source != {own:String} AND time > toDateTime64(0, 9, 'UTC')
)
GROUP BY source
ORDER BY source

