-- with {}
-- The queues of sources: what stands in each now, and the most that stood in it in each hour.
SELECT
    source, queue, reader, max(states.time) AS told_at,
    argMax(tuple(states.waiting), states.time).1 AS waiting,
    argMax(tuple(states.unacknowledged), states.time).1 AS unacknowledged,
    argMax(tuple(states.oldest_seconds), states.time).1 AS oldest_seconds,
    argMax(tuple(states.dead_letters), states.time).1 AS dead_letters,
    maxMap(map(toUnixTimestamp(toStartOfHour(states.time)), ifNull(states.waiting, 0) + ifNull(states.unacknowledged, 0))) AS by_hour
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
GROUP BY source, queue, reader
ORDER BY source, queue, reader

