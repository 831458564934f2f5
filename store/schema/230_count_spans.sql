-- Counts spans by source and hour.
CREATE MATERIALIZED VIEW count_spans TO source_hours AS
SELECT toStartOfHour(received_at) AS hour, source, 'spans' AS kind, count() AS signals, max(received_at) AS last_at
FROM spans
GROUP BY hour, source
