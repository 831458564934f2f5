-- with {"kind": "event"}
-- The sorts of signals of one kind, the most frequent first.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, count() AS seen, groupUniqArray(5)(source) AS sources,
    groupUniqArray(3)(origin) AS origins
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
WHERE lengthUTF8(name) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

-- with {"kind": "span"}
-- The sorts of signals of one kind, the most frequent first.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, count() AS seen, groupUniqArray(5)(source) AS sources,
    groupUniqArray(3)(origin) AS origins
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
WHERE lengthUTF8(name) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

-- with {"kind": "log"}
-- The sorts of signals of one kind, the most frequent first.
SELECT kind AS sort, name, service, destination, operation, conventional, failed, count() AS seen, groupUniqArray(5)(source) AS sources,
    groupUniqArray(3)(origin) AS origins
FROM (
SELECT
    cityHash64(log_id) AS signal, time AS at, '' AS origin, service, '' AS destination, '' AS operation, false AS conventional,
    false AS failed, replaceRegexpAll(replaceRegexpAll(leftUTF8(body, 300), '(?i)((?:passw(?:or)?d|passwd|pwd|\\bpin|secret|token|authorization|bearer|credentials?|api[_-]?key|signature)["'']?\\s*[:= ]\\s*(?:(?:bearer|basic|digest)\\s+)?)\\S+', '\\1\x02'), '"[^"]*"|''[^'']*''|\\S{30,}|\\S+@\\S+', '\x02') AS unmasked, replaceRegexpAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?', '\x01') AS name, '' AS document,
    '' AS subject, attributes, attribute_types, attribute_lists, extractAll(unmasked, '[\\w./-]*[0-9](?:[\\w./-]*\\w)?') AS words,
    toString(source) AS source, cityHash64('log', name, service, destination, operation, failed) AS kind
FROM logs FINAL
WHERE received_at >= {since:DateTime64(3)} AND received_at < {until:DateTime64(3)} AND source != 'andon' AND body_type = 'string'
)
WHERE lengthUTF8(name) <= 200
GROUP BY sort, name, service, destination, operation, conventional, failed
HAVING seen >= {least:UInt32}
ORDER BY seen DESC, sort
LIMIT {limit:UInt32}

