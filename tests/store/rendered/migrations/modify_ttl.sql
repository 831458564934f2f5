-- with {"table": "spans", "days": 30}
ALTER TABLE spans MODIFY TTL toDateTime(received_at) + toIntervalDay(30)

