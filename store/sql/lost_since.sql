-- Signals that were found lost since a moment, and are not back.
SELECT sum(missing_rows) AS lost
FROM losses FINAL
WHERE table_name IN ('spans', 'logs', 'metrics', 'events') AND found_at >= {since:DateTime64(3, 'UTC')}
