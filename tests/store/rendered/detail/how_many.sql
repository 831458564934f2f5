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
    SELECT named.1, named.2
    FROM (SELECT arrayJoin({ids:Array(Tuple(String, String))}) AS named)
)


