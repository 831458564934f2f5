-- with {"limit": 500}
SELECT event_source, id, type, subject, time, received_at, source, content_type, data, extensions, trace_id
FROM events FINAL
PREWHERE (event_source, id) IN
(
    SELECT event_source, id
    FROM events
    WHERE trace_id IN {traces:Array(String)}
    UNION ALL
    SELECT event_source, id
    FROM (
        SELECT substring(signal_id, 1, blank - 1) AS event_source, substring(signal_id, blank + 1) AS id
        FROM (SELECT arrayJoin({ids:Array(String)}) AS signal_id) AS named
        ARRAY JOIN arraySlice(arrayFilter(n -> substring(signal_id, n, 1) = ' ', range(1, length(signal_id) + 1)), 1, 100) AS blank
    ) AS named
)
ORDER BY time
LIMIT 500

