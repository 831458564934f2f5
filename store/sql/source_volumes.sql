SELECT source, 'spans' AS kind, toStartOfHour(received_at) AS hour, count() AS signals, max(received_at) AS last_at
FROM spans WHERE received_at >= {since:DateTime64(3, 'UTC')} GROUP BY source, hour
UNION ALL
SELECT source, 'logs' AS kind, toStartOfHour(received_at) AS hour, count() AS signals, max(received_at) AS last_at
FROM logs WHERE received_at >= {since:DateTime64(3, 'UTC')} GROUP BY source, hour
UNION ALL
SELECT source, 'metrics' AS kind, toStartOfHour(received_at) AS hour, count() AS signals, max(received_at) AS last_at
FROM metrics WHERE received_at >= {since:DateTime64(3, 'UTC')} GROUP BY source, hour
UNION ALL
SELECT source, 'events' AS kind, toStartOfHour(received_at) AS hour, count() AS signals, max(received_at) AS last_at
FROM events WHERE received_at >= {since:DateTime64(3, 'UTC')} GROUP BY source, hour
UNION ALL
SELECT source, 'quarantine' AS kind, toStartOfHour(received_at) AS hour, count() AS signals, max(received_at) AS last_at
FROM quarantine WHERE received_at >= {since:DateTime64(3, 'UTC')} GROUP BY source, hour
