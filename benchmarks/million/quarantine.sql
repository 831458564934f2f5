INSERT INTO quarantine (slice, quarantine_id, source, received_at, lane, kind, reason, message, content_type, body, detail)
SELECT 1, leftPad(toString(number), 32, '0'), ['crm', 'wms'][number % 2 + 1], fromUnixTimestamp64Milli({now:Int64} - toInt64(number) * 60000, 'UTC'), 'standard',
    'event', ['unparseable', 'key_taken'][number % 2 + 1], 'the attribute source is missing', 'application/json', repeat('{"specversion": "1.0"}', 20), '{}'
FROM numbers(20000)
