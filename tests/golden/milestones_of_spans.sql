WITH toDateTime64(start_time, 3, 'UTC') AS own_time,
    own_time < toDateTime64('2000-01-01', 3, 'UTC') OR own_time > received_at + INTERVAL 5 MINUTE AS implausible
SELECT
    slice,
    rule_flow AS flow,
    rule_milestone AS milestone,
    lower(hex(sipHash128(flow, milestone, 'span', signal_id))) AS event_id,
    if(implausible, received_at, own_time) AS event_time,
    received_at,
    implausible OR end_time < start_time AND end_time != toDateTime64(0, 9, 'UTC') AS time_suspect,
    'span' AS signal,
    concat(trace_id, '/', span_id) AS signal_id,
    trace_id,
    source,
    rule_system AS system,
    CAST(arrayFilter(k -> k.2 != '', arrayMap(k -> if(lengthUTF8(k.2) > 512, ('bad_correlation_id', k.1), k), arrayMap(k -> (k.1, arrayMap(v -> multiIf(k.4 = 1, if(empty(trimLeft(v, '0')), rightUTF8(v, 1), trimLeft(v, '0')), v), [normalizeUTF8NFC(trimBoth(toValidUTF8(multiIf(k.2 = 1, attributes[k.3[1]], ''))))])[1]), rule_keys))), 'Array(Tuple(type LowCardinality(String), value String))') AS keys,
    CAST(arrayFilter(f -> f.2 != '', arrayMap(f -> (f.1, multiIf(f.2 = 2, resource[f.3[1]], '')), rule_facts)), 'Map(LowCardinality(String), String)') AS facts,
    rule_failure AS failure,
    '' AS cause,
    '' AS content_hash
FROM (SELECT *, arrayJoin(arrayFilter(n -> n != 0, arrayDistinct(CAST([transform(name, ['BOOK'], [1], 0), transform(substringUTF8(name, 1, 5), ['book.'], [1], 0)], 'Array(UInt16)')))) AS rule FROM spans) AS signals
INNER JOIN (SELECT rule, flow AS rule_flow, milestone AS rule_milestone, system AS rule_system, failure AS rule_failure, conditions AS rule_conditions, keys AS rule_keys, facts AS rule_facts, cause AS rule_cause FROM milestone_rules WHERE signal = 'span') AS rules USING rule
WHERE arrayAll(c -> if(c.3 >= 0, c.3 = multiIf(c.1 = 1, mapContains(attributes, c.2[1]), 0), arrayExists(v -> has(c.4, v) OR arrayExists(p -> startsWith(v, p), c.5), [multiIf(c.1 = 1, attributes[c.2[1]], c.1 = 5, multiIf(c.2[1] = 'service', toString(service), c.2[1] = 'status', toString(status), ''), '')])), rule_conditions)
