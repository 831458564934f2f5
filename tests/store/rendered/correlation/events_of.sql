-- with {"wide": false}
-- The events of transactions, and of shelves: as a fold reads them, or all that another transaction takes with them. Rows that others
-- replace are among them: FINAL makes ClickHouse plan and read each part on its own, which takes longer than telling them apart.
SELECT flow, transaction_id, milestone, event_id, event_time, failure, keys, facts, cause, active, revision
FROM transaction_events
PREWHERE transaction_id IN {ids:Array(String)}

-- with {"wide": true}
-- The events of transactions, and of shelves: as a fold reads them, or all that another transaction takes with them. Rows that others
-- replace are among them: FINAL makes ClickHouse plan and read each part on its own, which takes longer than telling them apart.
SELECT flow, transaction_id, milestone, event_id, event_time, failure, keys, facts, cause, active, revision, received_at, time_suspect, signal, signal_id, trace_id, source, system
FROM transaction_events
PREWHERE transaction_id IN {ids:Array(String)}

