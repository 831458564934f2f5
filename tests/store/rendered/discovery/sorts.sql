-- with {"kind": "event", "deep": false}
-- The sorts of signals of one kind, the most frequent first; none whose name nobody would read, and a catalog would not take.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, told_by, count() AS seen,
    groupUniqArray(5)(source) AS sources, groupUniqArray(3)(origin) AS origins
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
WHERE arrayMax(arrayMap(each -> lengthUTF8(each), [name, service, destination, operation])) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed, told_by
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

-- with {"kind": "span", "deep": false}
-- The sorts of signals of one kind, the most frequent first; none whose name nobody would read, and a catalog would not take.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, told_by, count() AS seen,
    groupUniqArray(5)(source) AS sources, groupUniqArray(3)(origin) AS origins
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
WHERE arrayMax(arrayMap(each -> lengthUTF8(each), [name, service, destination, operation])) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed, told_by
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

-- with {"kind": "span", "deep": true}
-- The sorts of signals of one kind, the most frequent first; none whose name nobody would read, and a catalog would not take.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, told_by, count() AS seen,
    groupUniqArray(5)(source) AS sources, groupUniqArray(3)(origin) AS origins
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
WHERE arrayMax(arrayMap(each -> lengthUTF8(each), [name, service, destination, operation])) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed, told_by
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

-- with {"kind": "log", "deep": false}
-- The sorts of signals of one kind, the most frequent first; none whose name nobody would read, and a catalog would not take.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, told_by, count() AS seen,
    groupUniqArray(5)(source) AS sources, groupUniqArray(3)(origin) AS origins
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
WHERE arrayMax(arrayMap(each -> lengthUTF8(each), [name, service, destination, operation])) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed, told_by
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

-- with {"kind": "log", "deep": true}
-- The sorts of signals of one kind, the most frequent first; none whose name nobody would read, and a catalog would not take.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, told_by, count() AS seen,
    groupUniqArray(5)(source) AS sources, groupUniqArray(3)(origin) AS origins
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
WHERE arrayMax(arrayMap(each -> lengthUTF8(each), [name, service, destination, operation])) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed, told_by
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

