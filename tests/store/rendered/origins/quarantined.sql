-- with {"some_sources": false}
SELECT
    quarantine_id, source, received_at, lane, kind, reason, message, content_type, length(body) AS size,
    substringUTF8(toValidUTF8(body), 1, 400) AS beginning
FROM quarantine FINAL
ORDER BY received_at DESC
LIMIT {limit:UInt32}

-- with {"some_sources": true}
SELECT
    quarantine_id, source, received_at, lane, kind, reason, message, content_type, length(body) AS size,
    substringUTF8(toValidUTF8(body), 1, 400) AS beginning
FROM quarantine FINAL
WHERE source IN {sources:Array(String)}
ORDER BY received_at DESC
LIMIT {limit:UInt32}

