-- Decodes CloudEvents out of the landing table. A time beyond what the column holds becomes the nearest moment it does hold, which every
-- reader knows as suspect, and is kept as it was written in extensions['time'] (no extension can have that name). RFC 3339 allows t and z.
CREATE MATERIALIZED VIEW decode_events TO events AS
WITH
    ['specversion', 'source', 'id', 'type', 'subject', 'time', 'datacontenttype', 'data', 'data_base64'] AS own,
    JSONExtractString(body, 'traceparent') AS traceparent,
    upper(JSONExtractString(body, 'time')) AS written,
    written != '' AND written < '1900-01-02' AS too_early,
    written > '2262-04-10' AS too_late
SELECT
    slice,
    source,
    fromUnixTimestamp64Milli(reinterpretAsInt64(received_at), 'UTC') AS received_at,
    JSONExtractString(body, 'source') AS event_source,
    JSONExtractString(body, 'id') AS id,
    JSONExtractString(body, 'type') AS type,
    JSONExtractString(body, 'subject') AS subject,
    multiIf(
        too_early, toDateTime64('1900-01-01 00:00:00', 9, 'UTC'),
        too_late, toDateTime64('2262-04-11 00:00:00', 9, 'UTC'),
        coalesce(parseDateTime64BestEffortOrNull(written, 9, 'UTC'), fromUnixTimestamp64Milli(reinterpretAsInt64(received_at), 'UTC'))
    ) AS time,
    if(JSONHas(body, 'datacontenttype'), JSONExtractString(body, 'datacontenttype'), 'application/json') AS content_type,
    if(JSONHas(body, 'data_base64'), JSONExtractString(body, 'data_base64'), JSONExtractRaw(body, 'data')) AS data,
    JSONHas(body, 'data_base64') AS binary,
    CAST(arrayMap(pair -> (pair.1, if(startsWith(pair.2, '"'), JSONExtractString(pair.2), pair.2)), arrayFilter(pair -> NOT has(own, pair.1) OR ((too_early OR too_late) AND pair.1 = 'time'), JSONExtractKeysAndValuesRaw(body))), 'Map(LowCardinality(String), String)') AS extensions,
    if(match(traceparent, '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-'), substring(traceparent, 4, 32), '') AS trace_id,
    if(trace_id = '', '', substring(traceparent, 37, 16)) AS span_id,
    lower(hex(sipHash128(body))) AS content_hash
FROM landing_events
