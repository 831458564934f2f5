WITH toDateTime64(time, 3, 'UTC') AS own_time,
    own_time < toDateTime64('2000-01-01', 3, 'UTC') OR own_time > received_at + INTERVAL 5 MINUTE AS implausible
SELECT
    slice,
    rule_flow AS flow,
    rule_milestone AS milestone,
    lower(hex(sipHash128(flow, milestone, 'log', signal_id))) AS event_id,
    if(implausible, received_at, own_time) AS event_time,
    received_at,
    implausible AS time_suspect,
    'log' AS signal,
    log_id AS signal_id,
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
                    arrayMap(v -> if(startsWith(v, '[') AND notEmpty(JSONExtract(v, 'Array(String)')), JSONExtract(v, 'Array(String)'), [v]), [multiIf(k.root = 6, multiIf(rule IN (1), [toString(([toString(extract(body, '(\d+)'))])[1])], CAST([], 'Array(String)'))[toUInt8OrZero(k.path[1])], '')])[1]), rule_keys))))),
        'Array(Tuple(type LowCardinality(String), value String))') AS keys,
    CAST(map(), 'Map(LowCardinality(String), String)') AS facts,
    rule_failure AS failure,
    '' AS cause,
    '' AS content_hash
FROM (SELECT *, arrayJoin(arrayFilter(n -> n != 0, CAST([transform(service, ['idoc'], [1], 0)], 'Array(UInt16)'))) AS rule FROM logs) AS signals
INNER JOIN
(
    SELECT
        rule, flow AS rule_flow, milestone AS rule_milestone, system AS rule_system, failure AS rule_failure,
        conditions AS rule_conditions, keys AS rule_keys, facts AS rule_facts, cause AS rule_cause
    FROM milestone_rules
    WHERE signal = 'log'
) AS rules USING rule
WHERE
    multiIf(rule IN (1), (match(body, '^INVOIC \\d+')), 1)

