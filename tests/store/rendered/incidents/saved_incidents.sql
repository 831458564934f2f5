-- with {}
SELECT * EXCEPT (revision)
FROM incidents FINAL
WHERE status != 'resolved' OR resolved_at > (SELECT max(updated_at) FROM incidents) - INTERVAL 1 DAY
    OR incident_id IN (SELECT incident_id FROM incident_members FINAL WHERE left_at IS NULL)
ORDER BY opened_at, incident_id

