-- with {}
-- The first errors in the traces of the incident's transactions: spans that failed, and log records of severity ERROR or worse.
WITH traces AS (SELECT DISTINCT transaction_id, trace_id
    FROM transaction_events
    WHERE flow = {flow:String} AND transaction_id IN (SELECT DISTINCT transaction_id
    FROM incident_members FINAL
    WHERE incident_id = {id:String} AND (left_at IS NULL OR {resolved:Bool})
    ORDER BY transaction_id DESC
    LIMIT 100) AND trace_id != '' AND active = 1
    LIMIT 5 BY transaction_id)
SELECT at, kind, service, what, said, transaction_id
FROM
(
    SELECT start_time AS at, 'span' AS kind, service, name AS what, trace_id,
        if(status_message = '', attributes['error.type'], status_message) AS said
    FROM spans
    PREWHERE trace_id IN (SELECT trace_id FROM traces)
    WHERE status = 'error'
    UNION ALL
    SELECT time, 'log', service, severity_text, trace_id, body
    FROM logs
    PREWHERE trace_id IN (SELECT trace_id FROM traces)
    WHERE severity_number >= 17
) AS errors
INNER JOIN traces USING trace_id
ORDER BY at
LIMIT 3

