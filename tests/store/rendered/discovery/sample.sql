-- with {"kind": "event"}
-- What may name a transaction in each signal: fields and values as hashes, without the zeros that a system may pad with.
SELECT signal, sort, at, arrayMap(p -> p.1, found) AS fields, arrayMap(p -> p.2, found) AS values
FROM (
    SELECT signal, kind AS sort, toUnixTimestamp64Milli(toDateTime64(at, 3, 'UTC')) AS at,
        arrayDistinct(arrayMap(p -> (cityHash64(kind, p.1), cityHash64(replaceRegexpOne(trimBoth(p.2), '^0+([0-9]+)$', '\\1'))),
            arrayFilter(p -> cityHash64(kind, p.1) IN {fields:Array(UInt64)}, arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200 AND p.2 NOT IN ('null', 'true', 'false') AND left(p.2, 1) NOT IN ('{', '['), arrayConcat(
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
    [p]), [('data', document)]))))))))))))))), 1, 200)))) AS found
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
)
WHERE notEmpty(found)

-- with {"kind": "span"}
-- What may name a transaction in each signal: fields and values as hashes, without the zeros that a system may pad with.
SELECT signal, sort, at, arrayMap(p -> p.1, found) AS fields, arrayMap(p -> p.2, found) AS values
FROM (
    SELECT signal, kind AS sort, toUnixTimestamp64Milli(toDateTime64(at, 3, 'UTC')) AS at,
        arrayDistinct(arrayMap(p -> (cityHash64(kind, p.1), cityHash64(replaceRegexpOne(trimBoth(p.2), '^0+([0-9]+)$', '\\1'))),
            arrayFilter(p -> cityHash64(kind, p.1) IN {fields:Array(UInt64)}, arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}', '[more than 200 values]'), attribute_lists[k])),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array', mapKeys(attributes)))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)))) AS found
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
    attributes, attribute_types, attribute_lists, [] AS words,
    toString(source) AS source, cityHash64('span', name, service, destination, operation, failed) AS kind
FROM spans FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon'
    )
    WHERE kind IN {sorts:Array(UInt64)}
)
WHERE notEmpty(found)

-- with {"kind": "log"}
-- What may name a transaction in each signal: fields and values as hashes, without the zeros that a system may pad with.
SELECT signal, sort, at, arrayMap(p -> p.1, found) AS fields, arrayMap(p -> p.2, found) AS values
FROM (
    SELECT signal, kind AS sort, toUnixTimestamp64Milli(toDateTime64(at, 3, 'UTC')) AS at,
        arrayDistinct(arrayMap(p -> (cityHash64(kind, p.1), cityHash64(replaceRegexpOne(trimBoth(p.2), '^0+([0-9]+)$', '\\1'))),
            arrayFilter(p -> cityHash64(kind, p.1) IN {fields:Array(UInt64)}, arraySlice(arrayFilter(p -> length(p.2) BETWEEN 1 AND 200, arrayConcat(
    arrayMap((k, v) -> (concat('attributes.', k), v), arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] NOT IN ('array', 'kvlist', 'bytes', 'bool'), mapKeys(attributes)) AS names,
        arrayMap(k -> attributes[k], names)),
    arrayFlatten(arrayMap(k -> arrayMap(t -> (concat('attributes.', k, '[]'), t), arrayFilter(t -> t NOT IN ('[list]', '{map}', '[more than 200 values]'), attribute_lists[k])),
        arrayFilter(k -> match(k, '^[\\w./:-]{1,128}$') AND attribute_types[k] = 'array', mapKeys(attributes)))),
    arrayMap((w, n) -> (concat('body#', toString(n)), w), words, arrayEnumerate(words)))), 1, 200)))) AS found
    FROM (
SELECT
    cityHash64(log_id) AS signal, time AS at, '' AS origin, service, '' AS destination, '' AS operation, false AS conventional,
    false AS failed, replaceRegexpAll(replaceRegexpAll(leftUTF8(body, 300), '(?i)((?:passw(?:or)?d|passwd|pwd|\\bpin|secret|token|authorization|bearer|credentials?|api[_-]?key|signature)["'']?\\s*[:= ]\\s*(?:(?:bearer|basic|digest)\\s+)?)\\S+', '\\1\x02'), '"[^"]*"|''[^'']*''|\\S{30,}|\\S+@\\S+', '\x02') AS unmasked, replaceRegexpAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?', '\x01') AS name, '' AS document,
    '' AS subject, attributes, attribute_types, attribute_lists, extractAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?') AS words,
    toString(source) AS source, cityHash64('log', name, service, destination, operation, failed) AS kind
FROM logs FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND body_type = 'string'
    )
    WHERE kind IN {sorts:Array(UInt64)}
)
WHERE notEmpty(found)

