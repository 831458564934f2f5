-- with {}
-- How far the signals of each origin lie before (negative) or after their receipt: those of the slices above a number.
SELECT source, origin, sum(signals) AS signals, avg(offset_seconds) AS offset_seconds
FROM
(
    SELECT
        source, event_source AS origin, count() AS signals,
        quantile(0.5)(dateDiff('millisecond', received_at, time)) / 1000 AS offset_seconds
    FROM events
    WHERE slice > {after:UInt64} AND slice <= {upto:UInt64} AND source != {own:String} AND time != received_at
    GROUP BY source, origin
    UNION ALL
    SELECT
        source, service AS origin, count() AS signals,
        quantile(0.5)(dateDiff('millisecond', received_at, end_time)) / 1000 AS offset_seconds
    FROM spans
    WHERE slice > {after:UInt64} AND slice <= {upto:UInt64} AND source != {own:String}
    GROUP BY source, origin
    UNION ALL
    SELECT
        source, service AS origin, count() AS signals,
        quantile(0.5)(dateDiff('millisecond', received_at, time)) / 1000 AS offset_seconds
    FROM logs
    WHERE slice > {after:UInt64} AND slice <= {upto:UInt64} AND source != {own:String}
    GROUP BY source, origin
)
GROUP BY source, origin
ORDER BY source, origin

