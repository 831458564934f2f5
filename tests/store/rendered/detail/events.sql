-- with {"limit": 500}
SELECT event_source, id, type, subject, time, received_at, source, content_type, data, extensions, trace_id
FROM events FINAL
PREWHERE (event_source, id) IN
(
    SELECT event_source, id
    FROM events
    WHERE trace_id IN {traces:Array(String)}
    UNION ALL
    SELECT named.1, named.2
    FROM (SELECT arrayJoin({ids:Array(Tuple(String, String))}) AS named)
)
ORDER BY time
LIMIT 500

