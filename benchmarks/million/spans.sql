-- The others came as a span, each with two spans that called it.
INSERT INTO spans (slice, source, received_at, service, name, kind, trace_id, span_id, parent_span_id, start_time, end_time, status, attributes)
SELECT
    {revision:UInt64}, ['crm', 'middleware', 'sap-s4', 'wms'][step % 4 + 1], at[step] + 2, ['gateway', 'router', 'erp'][depth],
    {names:Array(String)}[step], 'server', transaction_id, leftPad(toString(step + 100 * (3 - depth)), 16, '0'),
    if(depth = 1, '', leftPad(toString(step + 100 * (4 - depth)), 16, '0')),
    at[step], at[step] + 1, 'ok', map('business.order', reference)
FROM bench_runs
ARRAY JOIN range(1, reached + 1) AS step
ARRAY JOIN [1, 2, 3] AS depth
WHERE step % 2 = 0
