-- with {"table": "events", "kind": "event"}
-- What says which signal each row is, in the order of their times.
SELECT
    concat(event_source, ' ', id) AS signal_id, type AS name, time AS at, '' AS service, '' AS status,
    (binary = 1 OR startsWith(data, '"')) AS is_text, source
FROM events
ORDER BY at, signal_id

-- with {"table": "spans", "kind": "span"}
-- What says which signal each row is, in the order of their times.
SELECT
    concat(trace_id, '/', span_id) AS signal_id, name, start_time AS at, service, toString(status) AS status,
    false AS is_text, source
FROM spans
ORDER BY at, signal_id

-- with {"table": "logs", "kind": "log"}
-- What says which signal each row is, in the order of their times.
SELECT
    log_id AS signal_id, body AS name, time AS at, service, '' AS status,
    false AS is_text, source
FROM logs
ORDER BY at, signal_id

