-- with {"table": "spans"}
INSERT INTO source_hours
SELECT toStartOfHour(received_at) AS hour, source, {kind:String}, count(), max(received_at)
FROM spans FINAL
WHERE received_at >= {since:DateTime64(3, 'UTC')} AND received_at < {until:DateTime64(3, 'UTC')}
GROUP BY hour, source

