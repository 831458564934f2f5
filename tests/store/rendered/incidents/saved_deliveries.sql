-- with {}
SELECT * EXCEPT (revision)
FROM deliveries FINAL
WHERE state = 'pending' OR incident_id IN (
    SELECT incident_id FROM incidents FINAL
    WHERE status != 'resolved' OR resolved_at > (SELECT max(updated_at) FROM incidents) - INTERVAL 1 DAY)
ORDER BY created_at, delivery_id

