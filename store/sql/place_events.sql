INSERT INTO transaction_events
SELECT
    event.flow, place.transaction_id, event.milestone, event.event_id, event.event_time, event.received_at, event.time_suspect,
    event.signal, event.signal_id, event.trace_id, event.source, event.system, event.keys, event.facts, event.failure, event.cause,
    1 AS active, {revision:UInt64} AS revision
FROM
(
    SELECT * FROM milestone_events
    WHERE slice > {after:UInt64} AND slice <= {upto:UInt64}
    ORDER BY slice, received_at
    LIMIT 1 BY flow, event_id
) AS event
INNER JOIN correlation_places AS place ON place.flow = toString(event.flow) AND place.event_id = event.event_id
WHERE (event.flow, place.transaction_id, event.event_id) NOT IN
(
    SELECT flow, transaction_id, event_id
    FROM transaction_events
    WHERE active AND (flow, transaction_id) IN (SELECT flow, transaction_id FROM correlation_places)
)
