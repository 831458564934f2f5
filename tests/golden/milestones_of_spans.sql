WITH toDateTime64(start_time, 3, 'UTC') AS own_time,
    own_time < toDateTime64('2000-01-01', 3, 'UTC') OR own_time > received_at + INTERVAL 5 MINUTE AS implausible
SELECT
    slice,
    rule_flow AS flow,
    rule_milestone AS milestone,
    lower(hex(sipHash128(flow, milestone, 'span', signal_id))) AS event_id,
    if(implausible, received_at, own_time) AS event_time,
    received_at,
    -- one that ends before it starts still counts from its start: no end (zero) is none
    implausible OR end_time < start_time AND end_time != toDateTime64(0, 9, 'UTC') AS time_suspect,
    'span' AS signal,
    concat(trace_id, '/', span_id) AS signal_id,
    trace_id,
    source,
    rule_system AS system,
    CAST(
        arrayMap(k -> multiIf(
            lengthUTF8(k.value) > 512,
            ('bad_correlation_id', concat(k.type, ': longer than 512 characters')),
            match(k.value, '^([{\\[]|(?i:true|false|null)$)'),
            ('bad_correlation_id', concat(k.type, ': ', substringUTF8(k.value, 1, 50), ' is no identifier')),
            (k.type, k.value)),
            arrayFilter(k -> k.value != '', arrayDistinct(arrayFlatten(
                arrayMap(k -> arrayMap(u -> CAST((k.type, arrayMap(v -> multiIf(k.strip = 1, if(empty(trimLeft(v, '0')), rightUTF8(v, 1), trimLeft(v, '0')), v), [if(match(u, '^[!-~]*$'), u, trimBoth(replaceRegexpAll(normalizeUTF8NFC(replaceRegexpAll(
    toValidUTF8(u), '[\\x00-\\x08\\x0b-\\x1f\\x7f­​-‏⁠-⁤﻿]', '')), '[   -     　]', ' '), ' 	
'))])[1]), 'Tuple(type String, value String)'),
                    arrayMap(v -> if(startsWith(v, '[') AND notEmpty(JSONExtract(v, 'Array(String)')), JSONExtract(v, 'Array(String)'), [v]), [multiIf(k.root = 1 AND attribute_types[k.path[1]] = 'kvlist', '{map}',
k.root = 1 AND attribute_types[k.path[1]] = 'array',
    arrayMap(l -> if(empty(l), '[]', toJSONString(l)), [arrayMap(e -> multiIf(e.1 = 10, e.2, e.1 = 16, if(ifNull(reinterpretAsUInt8(substring(e.2, 1, 1)), 0) = 1, 'true', 'false'),
    e.1 = 24, toString(reinterpretAsInt64(arraySum(arrayMap(n -> bitShiftLeft(toUInt64(bitAnd(ifNull(reinterpretAsUInt8(substring(e.2, n, 1)), 0), 127)), 7 * (n - 1)),
    range(1, length(e.2) + 1))))),
    e.1 = 33, toString(reinterpretAsFloat64(e.2)), e.1 = 42, '[list]', e.1 = 50, '{map}', e.1 = 58, base64Encode(e.2), ''), arrayFlatten(arrayMap(e -> if(e.1 = 42, arrayMap(p -> arrayMap(w -> if(ifNull(reinterpretAsUInt8(substring(w, 1, 1)), 0) IN (10, 42, 50, 58), (ifNull(reinterpretAsUInt8(substring(w, 1, 1)), 0), substring(w, (arrayMap((a, b, c) -> (
    1 + multiIf(a < 128, 2, b < 128, 3, 4),
    multiIf(a < 128, toUInt64(a), b < 128, toUInt64(a - 128 + 128 * b), toUInt64(a - 128 + 128 * (b - 128) + 16384 * c))),
    [toUInt32(ifNull(reinterpretAsUInt8(substring(w, 1 + 1, 1)), 0))], [toUInt32(ifNull(reinterpretAsUInt8(substring(w, 1 + 2, 1)), 0))], [toUInt32(ifNull(reinterpretAsUInt8(substring(w, 1 + 3, 1)), 0))])[1]).1)),
    (ifNull(reinterpretAsUInt8(substring(w, 1, 1)), 0), substring(w, 2))), [p])[1], arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(e.2), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(e.2, o.1, o.2))), [arrayMap((a, b, c) -> (
    f.1 + multiIf(a < 128, 2, b < 128, 3, 4),
    multiIf(a < 128, toUInt64(a), b < 128, toUInt64(a - 128 + 128 * b), toUInt64(a - 128 + 128 * (b - 128) + 16384 * c))),
    [toUInt32(ifNull(reinterpretAsUInt8(substring(e.2, f.1 + 1, 1)), 0))], [toUInt32(ifNull(reinterpretAsUInt8(substring(e.2, f.1 + 2, 1)), 0))], [toUInt32(ifNull(reinterpretAsUInt8(substring(e.2, f.1 + 3, 1)), 0))])[1]])[1]),
    range(toUInt32(least(201, intDiv(length(e.2), 2)))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), [e]), [(if('array' = 'array', 42, 50), base64Decode(attributes[k.path[1]]))])))])[1], multiIf(k.root = 1, attributes[k.path[1]], ''))])[1]), rule_keys))))),
        'Array(Tuple(type LowCardinality(String), value String))') AS keys,
    CAST(
        arrayFilter(f -> f.value != '',
            arrayMap(f -> CAST((f.name, trimBoth(multiIf(f.root = 2, resource[f.path[1]], ''), ' 	
')),
                'Tuple(name String, value String)'), rule_facts)),
        'Map(LowCardinality(String), String)') AS facts,
    rule_failure AS failure,
    '' AS cause,
    '' AS content_hash
FROM (SELECT *, arrayJoin(arrayFilter(n -> n != 0, arrayDistinct(CAST([transform(name, ['BOOK'], [1], 0), transform(substringUTF8(name, 1, 5), ['book.'], [1], 0)], 'Array(UInt16)')))) AS rule FROM spans) AS signals
INNER JOIN
(
    SELECT
        rule, flow AS rule_flow, milestone AS rule_milestone, system AS rule_system, failure AS rule_failure,
        conditions AS rule_conditions, keys AS rule_keys, facts AS rule_facts, cause AS rule_cause
    FROM milestone_rules
    WHERE signal = 'span'
) AS rules USING rule
WHERE
    arrayAll(c -> if(c.presence >= 0, c.presence = multiIf(c.root = 1, mapContains(attributes, c.path[1]), 0), arrayExists(v -> has(c.values, v) OR arrayExists(p -> startsWith(v, p), c.prefixes), [multiIf(c.root = 1, attributes[c.path[1]], c.root = 5, multiIf(c.path[1] = 'service', toString(service), c.path[1] = 'status', toString(status), ''), '')])), rule_conditions)

