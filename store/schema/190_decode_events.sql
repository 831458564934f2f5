-- Decodes CloudEvents out of the landing table.
CREATE MATERIALIZED VIEW decode_events TO events AS
WITH
    ['specversion', 'source', 'id', 'type', 'subject', 'time', 'datacontenttype', 'data', 'data_base64'] AS own,
    JSONExtractString(body, 'traceparent') AS traceparent
SELECT
    slice,
    source,
    fromUnixTimestamp64Milli(reinterpretAsInt64(received_at), 'UTC') AS received_at,
    JSONExtractString(body, 'source') AS event_source,
    JSONExtractString(body, 'id') AS id,
    JSONExtractString(body, 'type') AS type,
    JSONExtractString(body, 'subject') AS subject,
    coalesce(parseDateTime64BestEffortOrNull(JSONExtractString(body, 'time'), 9, 'UTC'), fromUnixTimestamp64Milli(reinterpretAsInt64(received_at), 'UTC')) AS time,
    if(JSONHas(body, 'datacontenttype'), JSONExtractString(body, 'datacontenttype'), 'application/json') AS content_type,
    if(JSONHas(body, 'data_base64'), JSONExtractString(body, 'data_base64'), JSONExtractRaw(body, 'data')) AS data,
    JSONHas(body, 'data_base64') AS binary,
    CAST(arrayMap(pair -> (pair.1, if(startsWith(pair.2, '"'), JSONExtractString(pair.2), pair.2)), arrayFilter(pair -> NOT has(own, pair.1), JSONExtractKeysAndValuesRaw(body))), 'Map(LowCardinality(String), String)') AS extensions,
    if(match(traceparent, '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-'), substring(traceparent, 4, 32), '') AS trace_id,
    if(trace_id = '', '', substring(traceparent, 37, 16)) AS span_id,
    lower(hex(sipHash128(body))) AS content_hash
FROM landing_events
