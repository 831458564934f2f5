-- with {}
-- Of each queue since then: what stands in it, when something last left it (or nothing was in it), when it last got a dead letter, and
-- whether it was fuller at every moment of the last limit than at any of the one before. Times in milliseconds; 0: not since then.
SELECT
    source, queue, reader,
    toUnixTimestamp64Milli(max(moved.time)::DateTime64(3, 'UTC')) AS at,
    toUnixTimestamp64Milli(min(moved.time)::DateTime64(3, 'UTC')) AS first_at,
    argMax(filled, moved.time) AS inside,
    ifNull(argMax(tuple(dead), moved.time).1, 0) AS dead_letters,
    toUnixTimestamp64Milli(maxIf(moved.time, has_moved)::DateTime64(3, 'UTC')) AS moved_at,
    toUnixTimestamp64Milli(maxIf(moved.time, dead > dead_before)::DateTime64(3, 'UTC')) AS dead_at,
    minIf(filled, moved.time > last - toIntervalMillisecond({limit:UInt64})) AS least,
    maxOrNullIf(
        filled,
        moved.time <= last - toIntervalMillisecond({limit:UInt64}) AND moved.time > last - toIntervalMillisecond(2 * {limit:UInt64})
    ) AS most_before
FROM
(
    SELECT
        source, queue, reader, time, dead_letters AS dead, done,
        ifNull(waiting, 0) + ifNull(unacknowledged, 0) AS filled,
        lagInFrame(toNullable(filled)) OVER told AS before,
        lagInFrame(dead_letters) OVER told AS dead_before,
        lagInFrame(done) OVER told AS done_before,
        ifNull(filled = 0 OR filled < before OR done > done_before, false) AS has_moved,
        max(time) OVER (PARTITION BY source, queue, reader) AS last
    FROM (
        SELECT
            source, queue, reader, time,
            anyOrNullIf(value, figure = 'waiting') AS waiting,
            anyOrNullIf(value, figure = 'unacknowledged') AS unacknowledged,
            anyOrNullIf(value, figure = 'oldest_seconds') AS oldest_seconds,
            anyOrNullIf(value, figure = 'dead_letters') AS dead_letters,
            anyOrNullIf(value, figure = 'done') AS done
        FROM
        (
            SELECT
                attributes['source'] AS source, attributes['queue'] AS queue, attributes['reader'] AS reader, time, value,
                transform(
                    name,
                    ['andon_queue_waiting_messages', 'andon_queue_unacknowledged_messages', 'andon_queue_dead_letter_messages',
                     'andon_queue_done_messages'],
                    ['waiting', 'unacknowledged', 'dead_letters', 'done'], 'oldest_seconds'
                ) AS figure
            FROM metrics AS points
            WHERE service = 'andon-collector' AND points.source = {own:String} AND time >= {since:DateTime64(3, 'UTC')}
                AND name IN (
                    'andon_queue_waiting_messages', 'andon_queue_unacknowledged_messages', 'andon_queue_oldest_seconds',
                    'andon_queue_dead_letter_messages', 'andon_queue_done_messages'
                )
            UNION ALL
            SELECT
                source,
                trim(LEADING '/' FROM concat(resource['rabbitmq.vhost.name'], '/', resource['rabbitmq.queue.name'])) AS queue,
                '' AS reader, least(points.time, received_at) AS time, value,
                transform(attributes['state'], ['ready', 'unacknowledged'], ['waiting', 'unacknowledged'], 'done') AS figure
            FROM metrics AS points
            WHERE name IN ('rabbitmq.message.current', 'rabbitmq.message.acknowledged')
                AND least(points.time, received_at) >= {since:DateTime64(3, 'UTC')} AND resource['rabbitmq.queue.name'] != ''
            UNION ALL
            SELECT
                source, attributes['topic'] AS queue, attributes['group'] AS reader, least(points.time, received_at) AS time, value,
                if(name = 'kafka.consumer_group.lag_sum', 'waiting', 'done') AS figure
            FROM metrics AS points
            WHERE name IN ('kafka.consumer_group.lag_sum', 'kafka.consumer_group.offset_sum')
                AND least(points.time, received_at) >= {since:DateTime64(3, 'UTC')}
        ) AS figures
        GROUP BY source, queue, reader, time
    ) AS states
    WINDOW told AS (PARTITION BY source, queue, reader ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS moved
GROUP BY source, queue, reader

