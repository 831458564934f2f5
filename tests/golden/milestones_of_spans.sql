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
    arrayMap(l -> if(empty(l), '[]', toJSONString(l)), [attribute_lists[k.path[1]]])[1], multiIf(k.root = 1, attributes[k.path[1]], ''))])[1]), rule_keys))))),
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

