-- Decodes quarantined input out of the landing table.
CREATE MATERIALIZED VIEW decode_quarantine TO quarantine AS
SELECT
    slice,
    if(JSONExtractString(detail, 'quarantine_id') != '', JSONExtractString(detail, 'quarantine_id'), lower(hex(sipHash128(source, received_at, detail, body)))) AS quarantine_id,
    source,
    fromUnixTimestamp64Milli(reinterpretAsInt64(received_at), 'UTC') AS received_at,
    lane,
    JSONExtractString(detail, 'kind') AS kind,
    JSONExtractString(detail, 'reason') AS reason,
    JSONExtractString(detail, 'message') AS message,
    JSONExtractString(detail, 'content_type') AS content_type,
    body,
    detail
FROM landing_quarantine
