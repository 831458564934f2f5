-- with {"table": "events"}
-- How many the newest signals of one kind are, at most so many and none older than so much before the last; and when a tenth of them, two
-- tenths … were received, up to the moment after the last one.
SELECT count() AS signals,
    arrayConcat(
        arrayDistinct(quantilesExact(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)(received_at)),
        [max(received_at) + INTERVAL 1 MILLISECOND]
    ) AS windows
FROM (
    SELECT received_at
    FROM events
    WHERE source != 'andon' AND received_at >= (SELECT max(received_at) FROM events) - toIntervalSecond({seconds:UInt32})
    ORDER BY received_at DESC
    LIMIT {limit:UInt32}
)

-- with {"table": "spans"}
-- How many the newest signals of one kind are, at most so many and none older than so much before the last; and when a tenth of them, two
-- tenths … were received, up to the moment after the last one.
SELECT count() AS signals,
    arrayConcat(
        arrayDistinct(quantilesExact(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)(received_at)),
        [max(received_at) + INTERVAL 1 MILLISECOND]
    ) AS windows
FROM (
    SELECT received_at
    FROM spans
    WHERE source != 'andon' AND received_at >= (SELECT max(received_at) FROM spans) - toIntervalSecond({seconds:UInt32})
    ORDER BY received_at DESC
    LIMIT {limit:UInt32}
)

-- with {"table": "logs"}
-- How many the newest signals of one kind are, at most so many and none older than so much before the last; and when a tenth of them, two
-- tenths … were received, up to the moment after the last one.
SELECT count() AS signals,
    arrayConcat(
        arrayDistinct(quantilesExact(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)(received_at)),
        [max(received_at) + INTERVAL 1 MILLISECOND]
    ) AS windows
FROM (
    SELECT received_at
    FROM logs
    WHERE source != 'andon' AND received_at >= (SELECT max(received_at) FROM logs) - toIntervalSecond({seconds:UInt32})
    ORDER BY received_at DESC
    LIMIT {limit:UInt32}
)

