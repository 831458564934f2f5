-- with {"table": "events", "columns": ["slice", "source", "received_at", "event_source", "id", "type", "subject", "time", "content_type", "data", "binary", "extensions", "trace_id", "span_id", "content_hash"]}
-- The newest signals of a source, of one kind, as they are stored.
SELECT slice, source, received_at, event_source, id, type, subject, time, content_type, data, binary, extensions, trace_id, span_id, content_hash
FROM events
WHERE source = {source:String} AND received_at >= (
    SELECT max(last_at) FROM source_hours WHERE source = {source:String} AND kind = 'events'
) - INTERVAL 1 DAY
ORDER BY received_at DESC
LIMIT {limit:UInt32}

-- with {"table": "spans", "columns": ["slice", "source", "received_at", "service", "name", "kind", "trace_id", "span_id", "parent_span_id", "trace_state", "start_time", "end_time", "status", "status_message", "attributes", "attribute_types", "attribute_lists", "resource", "resource_types", "scope_name"]}
-- The newest signals of a source, of one kind, as they are stored.
SELECT slice, source, received_at, service, name, kind, trace_id, span_id, parent_span_id, trace_state, start_time, end_time, status, status_message, attributes, attribute_types, attribute_lists, resource, resource_types, scope_name
FROM spans
WHERE source = {source:String} AND received_at >= (
    SELECT max(last_at) FROM source_hours WHERE source = {source:String} AND kind = 'spans'
) - INTERVAL 1 DAY
ORDER BY received_at DESC
LIMIT {limit:UInt32}

-- with {"table": "logs", "columns": ["slice", "source", "received_at", "service", "log_id", "time", "severity_number", "severity_text", "body", "event_name", "attributes", "attribute_types", "attribute_lists", "resource", "resource_types", "scope_name", "trace_id", "span_id"]}
-- The newest signals of a source, of one kind, as they are stored.
SELECT slice, source, received_at, service, log_id, time, severity_number, severity_text, body, event_name, attributes, attribute_types, attribute_lists, resource, resource_types, scope_name, trace_id, span_id
FROM logs
WHERE source = {source:String} AND received_at >= (
    SELECT max(last_at) FROM source_hours WHERE source = {source:String} AND kind = 'logs'
) - INTERVAL 1 DAY
ORDER BY received_at DESC
LIMIT {limit:UInt32}

