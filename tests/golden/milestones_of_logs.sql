WITH toDateTime64(time, 3, 'UTC') AS own_time
SELECT
    slice,
    ['small'][rule] AS flow,
    ['posted'][rule] AS milestone,
    lower(hex(sipHash128(flow, milestone, 'log', signal_id))) AS event_id,
    if(time_suspect, received_at, own_time) AS event_time,
    received_at,
    own_time < toDateTime64('2000-01-01', 3, 'UTC') OR own_time > received_at + INTERVAL 5 MINUTE AS time_suspect,
    'log' AS signal,
    log_id AS signal_id,
    trace_id,
    source,
    ['ERP'][rule] AS system,
    CAST(arrayFilter(k -> k.2 != '', arrayMap(k -> if(lengthUTF8(k.2) > 512, ('bad_correlation_id', k.1), k), arrayMap(k -> (k.1, arrayMap(v -> multiIf(k.4 = 1, trimLeft(v, '0'), v), [normalizeUTF8NFC(trimBoth(toValidUTF8(multiIf(k.2 = 6, multiIf(rule IN (1), [toString(extract(body, '(\d+)'))], CAST([], 'Array(String)'))[toUInt8OrZero(k.3[1])], ''))))])[1]), CAST([[('order', 6, ['1'], 1, 0)]], 'Array(Array(Tuple(String, UInt8, Array(String), UInt8, UInt8)))')[rule]))), 'Array(Tuple(type LowCardinality(String), value String))') AS keys,
    CAST(map(), 'Map(LowCardinality(String), String)') AS facts,
    [0][rule] AS failure,
    '' AS cause
FROM (SELECT *, arrayJoin(CAST([[], [1]], 'Array(Array(UInt16))')[transform(service, ['idoc'], [2], 1)]) AS rule FROM logs)
WHERE multiIf(rule IN (1), (match(body, '^INVOIC \\d+')), 1)
