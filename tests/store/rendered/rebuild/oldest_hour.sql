-- with {"table": "spans"}
SELECT toStartOfHour(min(received_at)) AS hour, count() AS n
FROM spans

