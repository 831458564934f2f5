-- with {"limit": 500}
SELECT
    trace_id, span_id, parent_span_id, service, name, kind, status, status_message, start_time, end_time, attributes, resource,
    `events.name`, `events.time`, `events.attributes`
FROM spans FINAL
PREWHERE trace_id IN {traces:Array(String)}
ORDER BY start_time
LIMIT 500

