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
            attributes['source'] AS source, attributes['queue'] AS queue, attributes['reader'] AS reader, time,
            anyOrNullIf(value, name = 'andon_queue_waiting_messages') AS waiting,
            anyOrNullIf(value, name = 'andon_queue_unacknowledged_messages') AS unacknowledged,
            anyOrNullIf(value, name = 'andon_queue_oldest_seconds') AS oldest_seconds,
            anyOrNullIf(value, name = 'andon_queue_dead_letter_messages') AS dead_letters,
            anyOrNullIf(value, name = 'andon_queue_done_messages') AS done
        FROM metrics AS points
        WHERE service = 'andon-collector' AND points.source = {own:String} AND time >= {since:DateTime64(3, 'UTC')}
            AND name IN (
                'andon_queue_waiting_messages', 'andon_queue_unacknowledged_messages', 'andon_queue_oldest_seconds',
                'andon_queue_dead_letter_messages', 'andon_queue_done_messages'
            )
        GROUP BY source, queue, reader, time
    ) AS states
GROUP BY source, queue, reader
ORDER BY source, queue, reader

