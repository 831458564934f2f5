SELECT source, kind, hour, sum(source_hours.signals) AS signals, max(source_hours.last_at) AS last_at
FROM source_hours
WHERE hour >= {since:DateTime64(3, 'UTC')}
GROUP BY source, kind, hour
