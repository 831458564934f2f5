-- with {"kind": "spans"}
SELECT count()
FROM spans FINAL
PREWHERE trace_id IN {traces:Array(String)}


-- with {"kind": "logs"}
SELECT count()
FROM logs FINAL
PREWHERE trace_id IN {traces:Array(String)} OR log_id IN {ids:Array(String)}


-- with {"kind": "events"}
SELECT count()
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


