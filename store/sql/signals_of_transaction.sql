WITH
    own AS
    (
        SELECT toString(signal) AS signal, signal_id, trace_id, toString(source) AS source, event_time AS time, toString(milestone) AS milestone
        FROM transaction_events FINAL
        WHERE flow = {flow:String} AND transaction_id = {id:String} AND active
    ),
    traces AS (SELECT DISTINCT trace_id FROM own WHERE trace_id != '')
SELECT signal, signal_id, trace_id, any(source) AS source, min(time) AS time, max(name) AS name, max(milestone) AS milestone
FROM
(
    SELECT signal, signal_id, trace_id, source, time, '' AS name, milestone FROM own
    UNION ALL
    SELECT 'span', concat(trace_id, '/', span_id), trace_id, toString(source), toDateTime64(start_time, 3, 'UTC'), toString(name), ''
    FROM spans WHERE trace_id IN (SELECT trace_id FROM traces)
    UNION ALL
    SELECT 'log', log_id, trace_id, toString(source), toDateTime64(time, 3, 'UTC'), substringUTF8(body, 1, 200), ''
    FROM logs WHERE trace_id IN (SELECT trace_id FROM traces)
    UNION ALL
    SELECT 'event', concat(event_source, ' ', id), trace_id, toString(source), toDateTime64(time, 3, 'UTC'), toString(type), ''
    FROM events WHERE trace_id IN (SELECT trace_id FROM traces)
)
GROUP BY signal, signal_id, trace_id
ORDER BY time, signal, signal_id
LIMIT {limit:UInt32}
