-- with {"limit": 500}
SELECT log_id, time, service, severity_number, severity_text, body, attributes, trace_id, span_id
FROM logs FINAL
PREWHERE trace_id IN {traces:Array(String)} OR log_id IN {ids:Array(String)}
ORDER BY time
LIMIT 500

