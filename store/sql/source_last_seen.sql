SELECT source, max(received_at) AS last_seen
FROM (
    SELECT source, max(received_at) AS received_at FROM spans GROUP BY source
    UNION ALL SELECT source, max(received_at) FROM logs GROUP BY source
    UNION ALL SELECT source, max(received_at) FROM metrics GROUP BY source
    UNION ALL SELECT source, max(received_at) FROM events GROUP BY source
)
GROUP BY source
