-- with {}
-- The first errors in the traces of the incident's transactions: spans that failed, and log records of severity ERROR or worse. Of each
-- transaction only those that may hold it up there: what failed before the milestone that it had reached when it joined has been overcome,
-- and what fails once it has left belongs to another place.
WITH traces AS (SELECT DISTINCT transaction_id, trace_id
    FROM transaction_events
    WHERE flow = {flow:String} AND transaction_id IN (SELECT DISTINCT transaction_id
    FROM incident_members FINAL
    WHERE incident_id = {id:String} AND (left_at IS NULL OR {resolved:Bool})
    ORDER BY transaction_id DESC
    LIMIT 100) AND trace_id != '' AND active = 1
    LIMIT 5 BY transaction_id),
held AS
(
    SELECT transaction_id, maxIf(event_time, active = 1 AND failure = 0 AND event_time <= joined) AS since, any(gone) AS until
    FROM transaction_events FINAL
    INNER JOIN
    (
        SELECT transaction_id, min(joined_at) AS joined, max(ifNull(left_at, toDateTime64('2200-01-01 00:00:00', 3, 'UTC'))) AS gone
        FROM incident_members FINAL
        WHERE incident_id = {id:String} AND transaction_id IN (SELECT transaction_id FROM traces)
        GROUP BY transaction_id
    ) AS members USING transaction_id
    WHERE flow = {flow:String} AND transaction_id IN (SELECT transaction_id FROM traces)
    GROUP BY transaction_id
)
SELECT at, kind, service, what, said, transaction_id
FROM
(
    SELECT start_time AS at, end_time AS ended_at, 'span' AS kind, service, name AS what, trace_id,
        if(status_message = '', attributes['error.type'], status_message) AS said
    FROM spans
    PREWHERE trace_id IN (SELECT trace_id FROM traces)
    WHERE status = 'error'
    UNION ALL
    SELECT time, time, 'log', service, severity_text, trace_id, body
    FROM logs
    PREWHERE trace_id IN (SELECT trace_id FROM traces)
    WHERE severity_number >= 17
) AS errors
INNER JOIN traces USING trace_id
INNER JOIN held USING transaction_id
WHERE ended_at >= since AND at <= until
ORDER BY at
LIMIT 3

