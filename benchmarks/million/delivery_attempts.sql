INSERT INTO delivery_attempts (delivery_id, attempt, incident_id, channel, attempted_at, outcome, detail)
SELECT delivery_id, 1, incident_id, channel, created_at, 'sent', '200 OK' FROM deliveries
