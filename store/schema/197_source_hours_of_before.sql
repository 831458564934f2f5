-- Signals of a store that is older than source_hours. Repeatable: nothing is added where something is.
INSERT INTO source_hours
SELECT hour, source, kind, signals, last_at
FROM
(
SELECT toStartOfHour(received_at) AS hour, source, 'spans' AS kind, count() AS signals, max(received_at) AS last_at
FROM spans
GROUP BY hour, source
UNION ALL
SELECT toStartOfHour(received_at) AS hour, source, 'logs' AS kind, count() AS signals, max(received_at) AS last_at
FROM logs
GROUP BY hour, source
UNION ALL
SELECT toStartOfHour(received_at) AS hour, source, 'metrics' AS kind, count() AS signals, max(received_at) AS last_at
FROM metrics
GROUP BY hour, source
UNION ALL
SELECT toStartOfHour(received_at) AS hour, source, 'events' AS kind, count() AS signals, max(received_at) AS last_at
FROM events
GROUP BY hour, source
UNION ALL
SELECT toStartOfHour(received_at) AS hour, source, 'quarantine' AS kind, count() AS signals, max(received_at) AS last_at
FROM quarantine
GROUP BY hour, source
)
WHERE (SELECT count() FROM source_hours) = 0
