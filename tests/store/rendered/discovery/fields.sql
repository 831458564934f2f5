-- with {"kind": "event", "signals": 1000}
-- How the values at each path look in some signals of each sort, without any of them: of the usual shape, letters are A and digits 9.
SELECT sort, pair.1 AS path, field, uniqExact(signal) AS signals, count() AS values, uniq(pair.2) AS distinct_values,
    countIf(match(pair.2, '^[A-Za-z0-9][A-Za-z0-9_./:#|-]*( [A-Za-z0-9_./:#|-]+)?$') AND match(pair.2, '[0-9]')) AS identifiers,
    countIf(match(pair.2, '^[+-]?[0-9]+([.,][0-9]+)?$')) AS numbers,
    countIf(match(pair.2, '^[+-]?[0-9]+[.,][0-9]{1,6}$')) AS fractions,
    countIf(match(pair.2, '^(19|20)[0-9]{2}-?(0[1-9]|1[0-2])-?([0-2][0-9]|3[01])([T ].*)?$')) AS times,
    countIf(match(pair.2, '^0[0-9]{2}')) AS padded,
    avg(lengthUTF8(pair.2)) AS length,
    topK(1)(leftUTF8(replaceRegexpAll(replaceRegexpAll(pair.2, '[^\\x21-\\x7e]|[A-Za-z]', 'A'), '[0-9]', '9'), 40))[1] AS shape
FROM (
    SELECT kind AS sort, signal, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200 AND p.2 NOT IN ('null', 'true', 'false') AND left(p.2, 1) NOT IN ('{', '['), arrayConcat(
    [('subject', subject)],
    arrayFilter(p -> p.1 NOT IN ('extensions.traceparent', 'extensions.tracestate', 'extensions.baggage', 'extensions.time'),
        arrayMap((k, v) -> (concat('extensions.', k), v), mapKeys(attributes), mapValues(attributes))),
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
    [p]), [('data', document)]))))))))))))))), 1, 200)) AS pair, cityHash64(kind, pair.1) AS field
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
    CAST(map(), 'Map(LowCardinality(String), LowCardinality(String))') AS attribute_types, [] AS words,
    toString(source) AS source, cityHash64('event', name, service, destination, operation, failed) AS kind
FROM events FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon'
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
WHERE field IN {fields:Array(UInt64)}
GROUP BY sort, path, field

-- with {"kind": "span", "signals": 1000}
-- How the values at each path look in some signals of each sort, without any of them: of the usual shape, letters are A and digits 9.
SELECT sort, pair.1 AS path, field, uniqExact(signal) AS signals, count() AS values, uniq(pair.2) AS distinct_values,
    countIf(match(pair.2, '^[A-Za-z0-9][A-Za-z0-9_./:#|-]*( [A-Za-z0-9_./:#|-]+)?$') AND match(pair.2, '[0-9]')) AS identifiers,
    countIf(match(pair.2, '^[+-]?[0-9]+([.,][0-9]+)?$')) AS numbers,
    countIf(match(pair.2, '^[+-]?[0-9]+[.,][0-9]{1,6}$')) AS fractions,
    countIf(match(pair.2, '^(19|20)[0-9]{2}-?(0[1-9]|1[0-2])-?([0-2][0-9]|3[01])([T ].*)?$')) AS times,
    countIf(match(pair.2, '^0[0-9]{2}')) AS padded,
    avg(lengthUTF8(pair.2)) AS length,
    topK(1)(leftUTF8(replaceRegexpAll(replaceRegexpAll(pair.2, '[^\\x21-\\x7e]|[A-Za-z]', 'A'), '[0-9]', '9'), 40))[1] AS shape
FROM (
    SELECT kind AS sort, signal, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}'), arrayMap(e -> multiIf(e.1 = 10, e.2, e.1 = 16, if(reinterpretAsUInt8(substring(e.2, 1, 1)) = 1, 'true', 'false'),
    e.1 = 24, toString(reinterpretAsInt64(arraySum(arrayMap(n -> bitShiftLeft(toUInt64(bitAnd(reinterpretAsUInt8(substring(e.2, n, 1)), 127)), 7 * (n - 1)),
    range(1, length(e.2) + 1))))),
    e.1 = 33, toString(reinterpretAsFloat64(e.2)), e.1 = 42, '[list]', e.1 = 50, '{map}', e.1 = 58, base64Encode(e.2), ''), arrayFlatten(arrayMap(e -> if(e.1 = 42, arrayMap(p -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [p])[1], arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(e.2), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(e.2, o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(e.2, f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, intDiv(length(e.2), 2)))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), [e]), [(if('array' = 'array', 42, 50), tryBase64Decode(attributes[k]))]))))),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array', mapKeys(attributes)))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)) AS pair, cityHash64(kind, pair.1) AS field
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
    toString(name)), '') AS name, '' AS document, '' AS subject,
    attributes, attribute_types, [] AS words,
    toString(source) AS source, cityHash64('span', name, service, destination, operation, failed) AS kind
FROM spans FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon'
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
WHERE field IN {fields:Array(UInt64)}
GROUP BY sort, path, field

-- with {"kind": "log", "signals": 1000}
-- How the values at each path look in some signals of each sort, without any of them: of the usual shape, letters are A and digits 9.
SELECT sort, pair.1 AS path, field, uniqExact(signal) AS signals, count() AS values, uniq(pair.2) AS distinct_values,
    countIf(match(pair.2, '^[A-Za-z0-9][A-Za-z0-9_./:#|-]*( [A-Za-z0-9_./:#|-]+)?$') AND match(pair.2, '[0-9]')) AS identifiers,
    countIf(match(pair.2, '^[+-]?[0-9]+([.,][0-9]+)?$')) AS numbers,
    countIf(match(pair.2, '^[+-]?[0-9]+[.,][0-9]{1,6}$')) AS fractions,
    countIf(match(pair.2, '^(19|20)[0-9]{2}-?(0[1-9]|1[0-2])-?([0-2][0-9]|3[01])([T ].*)?$')) AS times,
    countIf(match(pair.2, '^0[0-9]{2}')) AS padded,
    avg(lengthUTF8(pair.2)) AS length,
    topK(1)(leftUTF8(replaceRegexpAll(replaceRegexpAll(pair.2, '[^\\x21-\\x7e]|[A-Za-z]', 'A'), '[0-9]', '9'), 40))[1] AS shape
FROM (
    SELECT kind AS sort, signal, arrayJoin(arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}'), arrayMap(e -> multiIf(e.1 = 10, e.2, e.1 = 16, if(reinterpretAsUInt8(substring(e.2, 1, 1)) = 1, 'true', 'false'),
    e.1 = 24, toString(reinterpretAsInt64(arraySum(arrayMap(n -> bitShiftLeft(toUInt64(bitAnd(reinterpretAsUInt8(substring(e.2, n, 1)), 127)), 7 * (n - 1)),
    range(1, length(e.2) + 1))))),
    e.1 = 33, toString(reinterpretAsFloat64(e.2)), e.1 = 42, '[list]', e.1 = 50, '{map}', e.1 = 58, base64Encode(e.2), ''), arrayFlatten(arrayMap(e -> if(e.1 = 42, arrayMap(p -> arrayMap(w -> (reinterpretAsUInt8(substring(w, 1, 1)), substring(w, if(reinterpretAsUInt8(substring(w, 1, 1)) IN (10, 42, 50, 58), arrayMap(n -> 1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4), [reinterpretAsUInt32(substring(w, 1 + 1, 2))])[1], 2))), [p])[1], arrayMap(l -> if(length(l) > 200,
    arrayPushBack(arraySlice(l, 1, 200), '\n\x16[more than 200 values]'), l),
    [arrayFold((f, i) -> if(f.1 >= length(e.2), f, arrayMap(o -> (
    toUInt64(o.1 + o.2), arrayPushBack(f.2, substring(e.2, o.1, o.2))), [arrayMap(n -> (f.1 + multiIf(n % 256 < 128, 2, n % 65536 < 32768, 3, 4),
    toUInt64(n % 128 + if(n % 256 < 128, 0, intDiv(n, 256) % 128 * 128 + if(n % 65536 < 32768, 0, intDiv(n, 65536) * 16384)))),
    [reinterpretAsUInt32(substring(e.2, f.1 + 1, 3))])[1]])[1]),
    range(toUInt32(least(201, intDiv(length(e.2), 2)))), (toUInt64(1), CAST([], 'Array(String)'))).2])[1]), [e]), [(if('array' = 'array', 42, 50), tryBase64Decode(attributes[k]))]))))),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array', mapKeys(attributes)))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)) AS pair, cityHash64(kind, pair.1) AS field
    FROM (
        SELECT *
        FROM (
SELECT
    cityHash64(log_id) AS signal, time AS at, '' AS origin, service, '' AS destination, '' AS operation, false AS conventional,
    false AS failed, replaceRegexpAll(replaceRegexpAll(leftUTF8(body, 300), '(?i)((?:passw(?:or)?d|passwd|pwd|\\bpin|secret|token|authorization|bearer|credentials?|api[_-]?key|signature)["'']?\\s*[:= ]\\s*(?:(?:bearer|basic|digest)\\s+)?)\\S+', '\\1\x02'), '"[^"]*"|''[^'']*''|\\S{30,}|\\S+@\\S+', '\x02') AS unmasked, replaceRegexpAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?', '\x01') AS name, '' AS document,
    '' AS subject, attributes, attribute_types, extractAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?') AS words,
    toString(source) AS source, cityHash64('log', name, service, destination, operation, failed) AS kind
FROM logs FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND body_type = 'string'
        )
        WHERE kind IN {sorts:Array(UInt64)}
        LIMIT 1000 BY kind
    )
)
WHERE field IN {fields:Array(UInt64)}
GROUP BY sort, path, field

