-- Every other milestone came as a CloudEvent.
INSERT INTO events (slice, source, received_at, event_source, id, type, time, content_type, data, content_hash)
SELECT
    {revision:UInt64}, ['crm', 'middleware', 'sap-s4', 'wms'][step % 4 + 1], at[step] + 2, '/bench', concat(transaction_id, toString(step)),
    {names:Array(String)}[step], at[step], 'application/json', concat('{"order": "', reference, '"}'), transaction_id
FROM bench_runs
ARRAY JOIN range(1, reached + 1) AS step
WHERE step % 2
