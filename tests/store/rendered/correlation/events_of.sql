-- with {"wide": false}
-- The events of transactions, and of shelves: as a fold reads them, or all that another transaction takes with them.
SELECT flow, transaction_id, milestone, event_id, event_time, failure, keys, facts, cause
FROM transaction_events FINAL
WHERE active AND flow IN {flows:Array(String)} AND transaction_id IN {ids:Array(String)}

-- with {"wide": true}
-- The events of transactions, and of shelves: as a fold reads them, or all that another transaction takes with them.
SELECT flow, transaction_id, milestone, event_id, event_time, failure, keys, facts, cause, received_at, time_suspect, signal, signal_id, trace_id, source, system
FROM transaction_events FINAL
WHERE active AND flow IN {flows:Array(String)} AND transaction_id IN {ids:Array(String)}

