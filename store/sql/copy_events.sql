INSERT INTO transaction_events
SELECT
    flow, move.2 AS transaction_id, milestone, event_id, event_time, received_at, time_suspect,
    signal, signal_id, trace_id, source, system, keys, facts, failure, cause,
    move.3 AS active, {revision:UInt64} AS revision
FROM
(
    SELECT event.*, arrayJoin(if(copy.leave = 1, [(copy.flow, copy.to_id, 1), (copy.flow, copy.from_id, 0)], [(copy.flow, copy.to_id, 1)])) AS move
    FROM
    (
        SELECT * FROM transaction_events FINAL
        WHERE active AND (flow, transaction_id) IN (SELECT flow, from_id FROM correlation_copies)
    ) AS event
    INNER JOIN correlation_copies AS copy ON copy.flow = toString(event.flow) AND copy.from_id = event.transaction_id
)
WHERE (flow, move.2, event_id, move.3) NOT IN
(
    SELECT flow, transaction_id, event_id, active
    FROM transaction_events
    WHERE active AND (flow, transaction_id) IN (SELECT flow, to_id FROM correlation_copies)
)
