-- with {"kind": "event", "deep": false, "signals": 1000}
-- The paths that are frequent in some signals of each sort: a bounded number, however many there are.
SELECT sort, topK(60)(pair.1) AS paths
FROM (
    SELECT kind AS sort, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    [('subject', subject)],
    arrayFilter(p -> p.1 NOT IN ('extensions.traceparent', 'extensions.tracestate', 'extensions.baggage', 'extensions.time'),
        arrayMap((k, v) -> (concat('extensions.', k), v), mapKeys(attributes), mapValues(attributes))),
    arrayFilter(p -> p.2 NOT IN ('null', 'true', 'false') AND left(p.2, 1) NOT IN ('{', '['),
    arrayMap(p -> (p.1, if(startsWith(p.2, '"'), JSONExtractString(p.2), p.2)),
        arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), [('data', document)])))))))))))))))), 1, 200)) AS pair
    FROM (
        SELECT *
        FROM (
SELECT
    cityHash64(event_source, id) AS signal, time AS at, event_source AS origin, '' AS service, '' AS destination, '' AS operation,
    false AS conventional, false AS failed, multiIf(
    position(type, '?') > 1, concat(substring(type, 1, position(type, '?') - 1), '*'),
    match(type, '/[0-9]+(/|$)'), concat(extract(type, '^((?s:.)*?/)[0-9]+(?:/|$)'), '*'),
    match(type, '^(?s:.)+?(?:[0-9]{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)'), concat(extract(type, '^((?s:.)+?)(?:[0-9]{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)'), '*'),
    type) AS name, if(binary, '', data) AS document, subject,
    extensions AS attributes,
    CAST(map(), 'Map(LowCardinality(String), LowCardinality(String))') AS attribute_types, [] AS words, '' AS told_by,
    toString(source) AS source, cityHash64('event', name, service, destination, operation, failed) AS kind
FROM events FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon'
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
GROUP BY sort

-- with {"kind": "span", "deep": false, "signals": 1000}
-- The paths that are frequent in some signals of each sort: a bounded number, however many there are.
SELECT sort, topK(60)(pair.1) AS paths
FROM (
    SELECT kind AS sort, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}', '[more than 200 values]'), attribute_lists[k])),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array' AND NOT has(attribute_lists[k], '{map}'), mapKeys(attributes)))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)) AS pair
    FROM (
        SELECT *
        FROM (
SELECT
    cityHash64(trace_id, span_id) AS signal, start_time AS at, '' AS origin, service,
    mapContains(attributes, 'messaging.operation.type') AS conventional,
    attributes[if(conventional, 'messaging.operation.type', 'messaging.operation')] AS operation,
    if(operation = '', '', attributes['messaging.destination.name']) AS destination, status = 'error' AS failed,
    if(destination = '', multiIf(
    position(toString(name), '?') > 1, concat(substring(toString(name), 1, position(toString(name), '?') - 1), '*'),
    match(toString(name), '/[0-9]+(/|$)'), concat(extract(toString(name), '^((?s:.)*?/)[0-9]+(?:/|$)'), '*'),
    match(toString(name), '^(?s:.)+?(?:[0-9]{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)'), concat(extract(toString(name), '^((?s:.)+?)(?:[0-9]{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)'), '*'),
    toString(name)), '') AS name, '' AS subject,
    attributes, attribute_types, attribute_lists, [] AS words, '' AS told_by,
    toString(source) AS source, cityHash64('span', name, service, destination, operation, failed) AS kind
FROM spans FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon'
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
GROUP BY sort

-- with {"kind": "span", "deep": true, "signals": 1000}
-- The paths that are frequent in some signals of each sort: a bounded number, however many there are.
SELECT sort, topK(60)(pair.1) AS paths
FROM (
    SELECT kind AS sort, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}', '[more than 200 values]'), attribute_lists[k])),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array' AND NOT has(attribute_lists[k], '{map}'), mapKeys(attributes)))),
    arrayMap(p -> (p.1, arrayMap(e -> multiIf(e.1 = 10, e.2, e.1 = 16, if(reinterpretAsUInt8(substring(e.2, 1, 1)) = 1, 'true', 'false'),
    e.1 = 24, toString(reinterpretAsInt64(arraySum(arrayMap(n -> bitShiftLeft(toUInt64(bitAnd(reinterpretAsUInt8(substring(e.2, n, 1)), 127)), 7 * (n - 1)),
    range(1, length(e.2) + 1))))),
    e.1 = 33, toString(reinterpretAsFloat64(e.2)), e.1 = 42, '[list]', e.1 = 50, '{map}', e.1 = 58, base64Encode(e.2), ''), [(p.2, p.3)])[1]), arrayFilter(p -> p.2 IN (10, 24, 33), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayMap(k -> (concat('attributes.', k, if(attribute_types[k] = 'kvlist', '[]', '')), toUInt8(if(attribute_types[k] = 'kvlist', 50, 42)), tryBase64Decode(attributes[k])),
    arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND (attribute_types[k] = 'kvlist' OR has(attribute_lists[k], '{map}')),
        mapKeys(attribute_types)))))))))))))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)) AS pair
    FROM (
        SELECT *
        FROM (
SELECT
    cityHash64(trace_id, span_id) AS signal, start_time AS at, '' AS origin, service,
    mapContains(attributes, 'messaging.operation.type') AS conventional,
    attributes[if(conventional, 'messaging.operation.type', 'messaging.operation')] AS operation,
    if(operation = '', '', attributes['messaging.destination.name']) AS destination, status = 'error' AS failed,
    if(destination = '', multiIf(
    position(toString(name), '?') > 1, concat(substring(toString(name), 1, position(toString(name), '?') - 1), '*'),
    match(toString(name), '/[0-9]+(/|$)'), concat(extract(toString(name), '^((?s:.)*?/)[0-9]+(?:/|$)'), '*'),
    match(toString(name), '^(?s:.)+?(?:[0-9]{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)'), concat(extract(toString(name), '^((?s:.)+?)(?:[0-9]{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)'), '*'),
    toString(name)), '') AS name, '' AS subject,
    attributes, attribute_types, attribute_lists, [] AS words, '' AS told_by,
    toString(source) AS source, cityHash64('span', name, service, destination, operation, failed) AS kind
FROM spans FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon'
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
GROUP BY sort

-- with {"kind": "log", "deep": false, "signals": 1000}
-- The paths that are frequent in some signals of each sort: a bounded number, however many there are.
SELECT sort, topK(60)(pair.1) AS paths
FROM (
    SELECT kind AS sort, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}', '[more than 200 values]'), attribute_lists[k])),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array' AND NOT has(attribute_lists[k], '{map}'), mapKeys(attributes)))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)) AS pair
    FROM (
        SELECT *
        FROM (
SELECT
    cityHash64(log_id) AS signal, time AS at, '' AS origin, service, '' AS destination, '' AS operation, false AS conventional,
    false AS failed, name, '' AS subject, attributes, attribute_types, attribute_lists,
    extractAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?') AS words, '' AS told_by,
    toString(source) AS source, cityHash64('log', name, service, destination, operation, failed, told_by) AS kind
FROM (SELECT *, replaceRegexpAll(replaceRegexpAll(leftUTF8(body, 300), '(?i)((?:passw(?:or)?d|passwd|pwd|\\bpin|secret|token|authorization|bearer|credentials?|api[_-]?key|signature)["'']?\\s*[:= ]\\s*(?:(?:bearer|basic|digest)\\s+)?)\\S+', '\\1\x02'), '"[^"]*"|''[^'']*''|\\S{30,}|\\S+@\\S+', '\x02') AS unmasked, replaceRegexpAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?', '\x01') AS name
FROM logs FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND body_type = 'string')
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
GROUP BY sort

-- with {"kind": "log", "deep": true, "signals": 1000}
-- The paths that are frequent in some signals of each sort: a bounded number, however many there are.
SELECT sort, topK(60)(pair.1) AS paths
FROM (
    SELECT kind AS sort, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}', '[more than 200 values]'), attribute_lists[k])),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array' AND NOT has(attribute_lists[k], '{map}'), mapKeys(attributes)))),
    arrayMap(p -> (p.1, arrayMap(e -> multiIf(e.1 = 10, e.2, e.1 = 16, if(reinterpretAsUInt8(substring(e.2, 1, 1)) = 1, 'true', 'false'),
    e.1 = 24, toString(reinterpretAsInt64(arraySum(arrayMap(n -> bitShiftLeft(toUInt64(bitAnd(reinterpretAsUInt8(substring(e.2, n, 1)), 127)), 7 * (n - 1)),
    range(1, length(e.2) + 1))))),
    e.1 = 33, toString(reinterpretAsFloat64(e.2)), e.1 = 42, '[list]', e.1 = 50, '{map}', e.1 = 58, base64Encode(e.2), ''), [(p.2, p.3)])[1]), arrayFilter(p -> p.2 IN (10, 24, 33), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayMap(k -> (concat('attributes.', k, if(attribute_types[k] = 'kvlist', '[]', '')), toUInt8(if(attribute_types[k] = 'kvlist', 50, 42)), tryBase64Decode(attributes[k])),
    arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND (attribute_types[k] = 'kvlist' OR has(attribute_lists[k], '{map}')),
        mapKeys(attribute_types)))))))))))))),
    arrayMap(p -> (p.1, arrayMap(e -> multiIf(e.1 = 10, e.2, e.1 = 16, if(reinterpretAsUInt8(substring(e.2, 1, 1)) = 1, 'true', 'false'),
    e.1 = 24, toString(reinterpretAsInt64(arraySum(arrayMap(n -> bitShiftLeft(toUInt64(bitAnd(reinterpretAsUInt8(substring(e.2, n, 1)), 127)), 7 * (n - 1)),
    range(1, length(e.2) + 1))))),
    e.1 = 33, toString(reinterpretAsFloat64(e.2)), e.1 = 42, '[list]', e.1 = 50, '{map}', e.1 = 58, base64Encode(e.2), ''), [(p.2, p.3)])[1]), arrayFilter(p -> p.2 IN (10, 24, 33), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), arrayFlatten(arrayMap(p -> multiIf(
    p.2 = 50, arrayMap(q -> (concat(p.1, '.', q.1), q.2.1, q.2.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], p.4)), 1, 100))),
    p.2 = 42, arrayMap(q -> (concat(p.1, '[]'), q.1, q.2), arrayMap(q -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [q])[1], arraySlice(p.4, 1, 20))),
    [(p.1, p.2, p.3)]), arrayMap(p -> (p.1, p.2, p.3, arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(if(p.2 IN (42, 50), p.3, '')), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(if(p.2 IN (42, 50), p.3, ''), o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(if(p.2 IN (42, 50), p.3, ''), f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(if(p.2 IN (42, 50), p.3, ''), '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), [('body', toUInt8(if(packed = '', 0, 50)), packed)])))))))))))))),
    arrayFilter(p -> p.2 NOT IN ('null', 'true', 'false') AND left(p.2, 1) NOT IN ('{', '['),
    arrayMap(p -> (p.1, if(startsWith(p.2, '"'), JSONExtractString(p.2), p.2)),
        arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), arrayFlatten(arrayMap(p -> multiIf(
    startsWith(p.2, '{'), arrayMap(q -> (concat(p.1, '.', q.1), q.2), arrayFilter(q -> match(q.1, '^[\\w/:@-]{1,64}$'), arraySlice(JSONExtractKeysAndValuesRaw(p.2), 1, 100))),
    startsWith(p.2, '['), arrayMap(q -> (concat(p.1, '[]'), q), arraySlice(JSONExtractArrayRaw(p.2), 1, 20)),
    [p]), [('body', document)])))))))))))))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)) AS pair
    FROM (
        SELECT *
        FROM (
SELECT
    cityHash64(log_id) AS signal, time AS at, '' AS origin, service, '' AS destination, '' AS operation, false AS conventional,
    false AS failed, name, '' AS subject, attributes, attribute_types, attribute_lists,
    if(structured, [], extractAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?')) AS words, packed, document, told_by,
    toString(source) AS source, cityHash64('log', name, service, destination, operation, failed, told_by) AS kind
FROM (SELECT *, if(structured AND match(template, '[\x01\x02]'), concat(extract(template, '^([^\x01\x02]+)'), '*'), template) AS name
FROM (
    SELECT *, replaceRegexpAll(replaceRegexpAll(leftUTF8(multiIf(NOT structured, body, told_by = 'event_name', event_name, marker.2), 300), '(?i)((?:passw(?:or)?d|passwd|pwd|\\bpin|secret|token|authorization|bearer|credentials?|api[_-]?key|signature)["'']?\\s*[:= ]\\s*(?:(?:bearer|basic|digest)\\s+)?)\\S+', '\\1\x02'), '"[^"]*"|''[^'']*''|\\S{30,}|\\S+@\\S+', '\x02') AS unmasked, replaceRegexpAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?', '\x01') AS template
    FROM (
        SELECT *, multiIf(NOT structured, '', event_name != '', 'event_name', marker.1 = '', '', concat('body.', marker.1)) AS told_by
        FROM (
            SELECT *, arrayFirst(m -> m.2 != '', arrayMap(n -> (n, arrayFirst(e -> e.1 = n, said).2), ['event', 'event_type', 'eventType', 'type', 'action', 'operation', 'message', 'msg', 'text'])) AS marker
            FROM (
                SELECT *, packed != '' OR document != '' AS structured, arrayConcat(
                    arrayMap(e -> (e.1, e.2.2), arrayFilter(e -> e.2.1 = 10, arrayMap(y -> (y.1, arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [substring(y.2, arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(y.2, 1 + 1, 2))])[1])])[1]),
    arrayMap(y -> arrayMap(o -> (substring(y, o.1, o.2), substring(y, o.1 + o.2)), [arrayMap(n -> (1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(y, 1 + 1, 3))])[1]])[1], arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(packed), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(packed, o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(packed, f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, countSubstrings(packed, '\n')))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1])))),
                    arrayMap(e -> (e.1, JSONExtractString(e.2)), arrayFilter(e -> startsWith(e.2, '"'), JSONExtractKeysAndValuesRaw(document)))) AS said
                FROM (
                    SELECT *, if(body_type = 'kvlist', tryBase64Decode(body), '') AS packed,
                        if(body_type = 'string' AND startsWith(body, '{') AND isValidJSON(body), body, '') AS document
                    FROM logs FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND body_type IN ('string', 'kvlist')
                )
            )
        )
    )
)
WHERE NOT (structured AND name IN ('', '*')))
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
GROUP BY sort

