SELECT source, max(last_at) AS last_seen
FROM source_hours
WHERE kind != 'quarantine'
GROUP BY source
ORDER BY source
