-- Counts events by source and hour.
CREATE MATERIALIZED VIEW count_events TO source_hours AS
SELECT toStartOfHour(received_at) AS hour, source, 'events' AS kind, count() AS signals, max(received_at) AS last_at
FROM events
GROUP BY hour, source
