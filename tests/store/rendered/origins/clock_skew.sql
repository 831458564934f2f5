-- with {}
-- By how much the receipt of what each source sent since then lies after the time it says: the median, and from first to last tenth. Of
-- the last hundred: a history that was sent once says nothing about its clock.
SELECT
    source, length(latest) AS signals, arrayReduce('quantile(0.5)', latest) AS skew_seconds,
    arrayReduce('quantile(0.9)', latest) - arrayReduce('quantile(0.1)', latest) AS spread_seconds
FROM
(
    SELECT source, arrayMap(signal -> signal.2, groupArraySorted(100)((-toUnixTimestamp64Milli(received_at), late))) AS latest
    FROM
    (
        SELECT source, received_at, dateDiff('millisecond', time, received_at) / 1000 AS late
        FROM events
        WHERE received_at >= {since:DateTime64(3, 'UTC')} AND source != {own:String} AND time > toDateTime64(0, 9, 'UTC') AND time != received_at
        UNION ALL
        SELECT source, received_at, dateDiff('millisecond', end_time, received_at) / 1000 AS late
        FROM spans
        WHERE received_at >= {since:DateTime64(3, 'UTC')} AND source != {own:String} AND end_time > toDateTime64(0, 9, 'UTC')
        UNION ALL
        SELECT source, received_at, dateDiff('millisecond', time, received_at) / 1000 AS late
        FROM logs
        WHERE received_at >= {since:DateTime64(3, 'UTC')} AND source != {own:String} AND time > toDateTime64(0, 9, 'UTC')
    )
    GROUP BY source
)
ORDER BY source

