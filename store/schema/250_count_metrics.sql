-- Counts metrics by source and hour.
CREATE MATERIALIZED VIEW count_metrics TO source_hours AS
SELECT toStartOfHour(received_at) AS hour, source, 'metrics' AS kind, count() AS signals, max(received_at) AS last_at
FROM metrics
GROUP BY hour, source
