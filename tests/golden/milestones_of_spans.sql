WITH toDateTime64(start_time, 3, 'UTC') AS own_time
SELECT
    slice,
    ['small'][rule] AS flow,
    ['booked'][rule] AS milestone,
    lower(hex(sipHash128(flow, milestone, 'span', signal_id))) AS event_id,
    if(time_suspect, received_at, own_time) AS event_time,
    received_at,
    own_time < toDateTime64('2000-01-01', 3, 'UTC') OR own_time > received_at + INTERVAL 5 MINUTE AS time_suspect,
    'span' AS signal,
    concat(trace_id, '/', span_id) AS signal_id,
    trace_id,
    source,
    ['ERP'][rule] AS system,
    CAST(arrayFilter(k -> k.2 != '', arrayMap(k -> if(lengthUTF8(k.2) > 512, ('bad_correlation_id', k.1), k), arrayMap(k -> (k.1, arrayMap(v -> multiIf(k.4 = 1, trimLeft(v, '0'), v), [normalizeUTF8NFC(trimBoth(toValidUTF8(multiIf(k.2 = 1, attributes[k.3[1]], ''))))])[1]), CAST([[('order', 1, ['order.id'], 1, 0)]], 'Array(Array(Tuple(String, UInt8, Array(String), UInt8, UInt8)))')[rule]))), 'Array(Tuple(type LowCardinality(String), value String))') AS keys,
    CAST(arrayFilter(f -> f.2 != '', arrayMap(f -> (f.1, multiIf(f.2 = 2, resource[f.3[1]], '')), CAST([[('amount', 2, ['amount'])]], 'Array(Array(Tuple(String, UInt8, Array(String))))')[rule])), 'Map(LowCardinality(String), String)') AS facts,
    [0][rule] AS failure,
    '' AS cause
FROM (SELECT *, arrayJoin(arrayDistinct(arrayConcat(CAST([[], [1]], 'Array(Array(UInt16))')[transform(name, ['BOOK'], [2], 1)], CAST([[], [1]], 'Array(Array(UInt16))')[transform(substringUTF8(name, 1, 5), ['book.'], [2], 1)]))) AS rule FROM spans)
WHERE arrayAll(c -> if(c.3 >= 0, c.3 = multiIf(c.1 = 1, mapContains(attributes, c.2[1]), 0), arrayExists(v -> has(c.4, v) OR arrayExists(p -> startsWith(v, p), c.5), [multiIf(c.1 = 1, attributes[c.2[1]], c.1 = 5, multiIf(c.2[1] = 'service', toString(service), c.2[1] = 'status', toString(status), ''), '')])), CAST([[(5, ['service'], -1, ['erp'], []), (5, ['status'], -1, ['ok'], []), (1, ['tenant'], -1, [], ['a']), (1, ['test'], 0, [], [])]], 'Array(Array(Tuple(UInt8, Array(String), Int8, Array(String), Array(String))))')[rule])
