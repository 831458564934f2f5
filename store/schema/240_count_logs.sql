-- Counts logs by source and hour.
CREATE MATERIALIZED VIEW count_logs TO source_hours AS
SELECT toStartOfHour(received_at) AS hour, source, 'logs' AS kind, count() AS signals, max(received_at) AS last_at
FROM logs
GROUP BY hour, source
