INSERT INTO transaction_events (flow, transaction_id, milestone, event_id, event_time, received_at, signal, signal_id, trace_id, source, system,
    keys, facts, active, revision)
SELECT
    {flow:String}, transaction_id, {names:Array(String)}[step], concat(transaction_id, toString(step)), at[step], at[step] + 2,
    if(step % 2, 'event', 'span'), if(step % 2, concat('/bench ', transaction_id, toString(step)), concat(transaction_id, '/', leftPad(toString(step), 16, '0'))),
    if(step % 2, '', transaction_id), ['crm', 'middleware', 'sap-s4', 'wms'][step % 4 + 1], {systems:Array(String)}[step],
    [({first_key:String}, reference)], map(), 1, {revision:UInt64}
FROM bench_runs
ARRAY JOIN range(1, reached + 1) AS step
