-- Counts quarantine by source and hour.
CREATE MATERIALIZED VIEW count_quarantine TO source_hours AS
SELECT toStartOfHour(received_at) AS hour, source, 'quarantine' AS kind, count() AS signals, max(received_at) AS last_at
FROM quarantine
GROUP BY hour, source
